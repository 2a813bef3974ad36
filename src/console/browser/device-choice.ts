import type { PhoneWords } from "#contract/browser-phone.ts";

/** Which microphone and which speaker: remembered in this browser alone. */
export type DeviceKind = "microphone" | "speaker";

const kinds = { microphone: "audioinput", speaker: "audiooutput" } as const;

export function chosenDevice(kind: DeviceKind): string {
  return localStorage.getItem(`tandem-${kind}`) ?? "";
}

/** Fills a list with the machine's devices, and says when another is chosen. Call again when they have changed. */
export async function offerDevices(
  select: HTMLSelectElement,
  kind: DeviceKind,
  words: Pick<PhoneWords, "defaultDevice" | "unnamedDevice">,
): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  // Chromium lists "default" and "communications" beside the devices that they stand for.
  const own = devices.filter(
    ({ kind: of, deviceId }) => of === kinds[kind] && !["", "default", "communications"].includes(deviceId),
  );
  const named = own.map(({ deviceId, label }, at) => ({
    deviceId,
    label: label === "" ? words.unnamedDevice.replace("{number}", String(at + 1)) : label,
  }));
  const offered = [{ deviceId: "", label: words.defaultDevice }, ...named];
  const before = [...select.options].map(({ value, text }) => `${value} ${text}`);
  if (offered.map(({ deviceId, label }) => `${deviceId} ${label}`).join() === before.join()) return;
  select.replaceChildren(...offered.map(({ deviceId, label }) => new Option(label, deviceId)));
  const chosen = chosenDevice(kind);
  select.value = own.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}

export function onDeviceChosen(
  select: HTMLSelectElement,
  kind: DeviceKind,
  then: () => void,
  signal: AbortSignal,
): void {
  const chosen = (): void => {
    localStorage.setItem(`tandem-${kind}`, select.value);
    then();
  };
  select.addEventListener("change", chosen, { signal });
}

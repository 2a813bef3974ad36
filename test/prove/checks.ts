/** One thing looked at. `detail` is what was seen: of a failure all that is known. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Does `act`; what it throws is the failure, what it returns the detail. */
export async function check(name: string, act: () => Promise<string | void> | string | void): Promise<Check> {
  try {
    return { name, passed: true, detail: (await act()) ?? "" };
  } catch (error) {
    return { name, passed: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

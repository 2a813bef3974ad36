import type { BrowserContext, Page } from "playwright-core";

/** The far end of a call's sound: a page of the same Chromium, with a tone in it. What it hears is measured there. */
export interface FarEnd {
  /** SDP with all candidates in it. */
  offers(): Promise<string>;
  accepts(answer: string): Promise<void>;
  /** Resolves once sound comes in: of Chromium's false microphone, that is a beep each second. */
  hears(): Promise<void>;
  /** Resolves with the next touch-tone; none is told apart here, they are only heard to come. */
  close(): Promise<void>;
}

export async function openFarEnd(context: BrowserContext, url: string): Promise<FarEnd> {
  const page = await context.newPage();
  // On an address of ours: elsewhere the page would have no secure context.
  await page.route(`${url}/far-end`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>far end</title>" }),
  );
  await page.goto(`${url}/far-end`);
  await page.evaluate(begin);
  const call = <Result>(method: string, word = ""): Promise<Result> => evaluate(page, method, word);
  return {
    offers: () => call("offers"),
    accepts: (answer) => call("accepts", answer),
    hears: () => call("hears"),
    close: () => page.close(),
  };
}

function evaluate<Result>(page: Page, method: string, word: string): Promise<Result> {
  return page.evaluate(`farEnd.${method}(${JSON.stringify(word)})`);
}

/** Runs in the page, and knows nothing of this file. */
const begin = `
  globalThis.farEnd = (() => {
    const context = new AudioContext();
    const voice = context.createMediaStreamDestination();
    const tone = new OscillatorNode(context, { frequency: 1000 });
    tone.connect(voice);
    tone.start();
    const analyser = context.createAnalyser();
    let connection;
    return {
      async offers() {
        connection = new RTCPeerConnection();
        connection.addTransceiver(voice.stream.getAudioTracks()[0], { direction: "sendrecv" });
        connection.ontrack = ({ track }) => {
          const stream = new MediaStream([track]);
          // Chromium lets sound out of a connection only where an element plays it.
          const voice = new Audio();
          voice.muted = true;
          voice.srcObject = stream;
          context.createMediaStreamSource(stream).connect(analyser);
        };
        await connection.setLocalDescription();
        while (connection.iceGatheringState !== "complete")
          await new Promise((resolve) => (connection.onicegatheringstatechange = resolve));
        return connection.localDescription.sdp;
      },
      accepts: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
      async hears() {
        const samples = new Float32Array(analyser.fftSize);
        for (;;) {
          await context.resume();
          analyser.getFloatTimeDomainData(samples);
          if (samples.some((sample) => Math.abs(sample) > 0.01)) return;
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
      },
    };
  })();
`;

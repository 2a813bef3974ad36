/**
 * What tells a person in another window that it rings: a sound, two tones for a second and then a pause, and a title that changes. Both
 * end with `stop`, which is safe to say twice.
 */
export function startRing(context: AudioContext | undefined, title: string): { stop(): void } {
  const quietTitle = document.title;
  let rounds = 0;
  const round = (): void => {
    document.title = rounds++ % 2 === 0 ? title : quietTitle;
    if (context?.state === "running" && rounds % 2 === 1) soundBell(context);
  };
  round();
  const timer = setInterval(round, 1500);
  return {
    stop() {
      clearInterval(timer);
      document.title = quietTitle;
    },
  };
}

function soundBell(context: AudioContext): void {
  const gain = context.createGain();
  gain.connect(context.destination);
  const [from, until] = [context.currentTime, context.currentTime + 1];
  // Without a slope at both ends it would click.
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(0.15, from + 0.02);
  gain.gain.setValueAtTime(0.15, until - 0.02);
  gain.gain.linearRampToValueAtTime(0, until);
  for (const hertz of [440, 554]) {
    const tone = new OscillatorNode(context, { frequency: hertz });
    tone.connect(gain);
    tone.start(from);
    tone.stop(until);
  }
}

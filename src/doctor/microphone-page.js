// Tries the browser's microphone as Tandem's telephones would use it, and posts what came of it. No sound leaves the page.
(() => {
  const measureMs = 5_000;
  const lookEveryMs = 50;
  const at = (id) => document.getElementById(id);
  const say = (text) => (at("doing").textContent = text);

  /** dB below full scale; -120 for nothing at all. */
  const loudness = (analyser) => {
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.max(-120, 10 * Math.log10(power));
  };

  const measured = (context, stream) =>
    new Promise((resolve) => {
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(analyser);
      let loudestDb = -120;
      const looking = setInterval(() => {
        const db = loudness(analyser);
        loudestDb = Math.max(loudestDb, db);
        at("level").value = Math.max(0, 1 + db / 60);
      }, lookEveryMs);
      setTimeout(() => {
        clearInterval(looking);
        resolve(loudestDb);
      }, measureMs);
    });

  /** What the browser tells of it, where it tells anything. */
  const permission = async () => {
    try {
      return (await navigator.permissions.query({ name: "microphone" })).state;
    } catch {
      return "unknown";
    }
  };

  /** Their names are empty before the permission. */
  const microphones = async () => {
    try {
      const all = await navigator.mediaDevices.enumerateDevices();
      return all.filter(({ kind }) => kind === "audioinput").map(({ label }) => label.slice(0, 200));
    } catch {
      return [];
    }
  };

  const listed = (names) => {
    const known = names.filter((name) => name !== "");
    at("list").replaceChildren(
      ...known.map((name) => {
        const item = document.createElement("li");
        item.textContent = name;
        return item;
      }),
    );
    at("devices").hidden = known.length === 0;
  };

  const soundOf = async (context) => {
    // As the telephones ask for it: what they would hear is what counts.
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    const [track] = stream.getAudioTracks();
    try {
      await context.resume();
      listed(await microphones());
      at("heard").hidden = false;
      say("Speak now.");
      const loudestDb = await measured(context, stream);
      const sampleRate = track.getSettings().sampleRate ?? context.sampleRate;
      return { microphone: track.label.slice(0, 200), sampleRate, muted: track.muted, loudestDb };
    } finally {
      track.stop();
      at("heard").hidden = true;
    }
  };

  const report = async () => {
    const facts = { secure: isSecureContext, hasDevices: navigator.mediaDevices !== undefined };
    if (!facts.hasDevices) return { ...facts, permission: "unknown", microphones: [] };
    let came;
    // Within the press of the button: made later, some browsers keep it asleep.
    const context = new AudioContext();
    try {
      came = { sound: await soundOf(context) };
    } catch (error) {
      came = {
        error: { name: String(error.name).slice(0, 200), message: String(error.message).slice(0, 200) },
      };
    }
    await context.close();
    const names = await microphones();
    return { ...facts, permission: await permission(), microphones: names.slice(0, 50), ...came };
  };

  const show = ({ verdict, says, mend }) => {
    say("The doctor has it, and has ended. To try again, say the command again.");
    at("says").textContent = says;
    at("mend").textContent = mend ?? "";
    at("result").className = verdict === "ok" ? "note ready" : verdict === "warning" ? "note" : "problem";
    at("result").hidden = false;
  };

  const begin = async () => {
    at("begin").disabled = true;
    say("Answer the browser's question: allow the microphone.");
    // Only to say how far it came: nothing hangs on it.
    fetch("pressed", { method: "POST" }).catch(() => {});
    try {
      const answer = await fetch("report", { method: "POST", body: JSON.stringify(await report()) });
      show(await answer.json());
    } catch {
      say("The doctor does not answer any more. Say the command again, and open the page that it names.");
    }
  };

  at("begin").addEventListener("click", () => void begin());
})();

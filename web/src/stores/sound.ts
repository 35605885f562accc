/** Voices: plays them, each as loud as the player likes, and tells who speaks. */

const LOOK_EVERY_MS = 100;
/** Samples to look through each time: more than come between two looks, at 48,000 a second 170 ms. */
const HEARD = 8192;
/** Samples that are weighed together: a syllable counts, however quiet it is around it. */
const BLOCK = 1024;
/** Of full scale, as the root of the mean square; a quiet room stays below. */
const SPEAKING = 0.015;
/** One goes on speaking between two words. */
const PAUSE_MS = 400;

interface Voice {
  /** Null for the player's own, which they do not hear. */
  readonly audio: HTMLAudioElement | null;
  readonly source: MediaStreamAudioSourceNode;
  readonly analyser: AnalyserNode;
  lastHeard: number;
}

export interface SoundOptions {
  readonly onSpeaking: (speaking: ReadonlySet<string>) => void;
  /** The browser plays nothing until the player has pressed something; see `resume`. */
  readonly onBlocked: () => void;
}

export class Sound {
  readonly #options: SoundOptions;
  readonly #context = new AudioContext();
  readonly #voices = new Map<string, Voice>();
  readonly #timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  #speaking: ReadonlySet<string> = new Set();

  constructor(options: SoundOptions) {
    this.#options = options;
    this.#context.resume().catch(() => undefined);
  }

  /** Let somebody else be heard. */
  play(id: string, stream: MediaStream, volume: number, isSilenced: boolean): void {
    const audio = new Audio();
    audio.srcObject = stream;
    audio.volume = volume;
    audio.muted = isSilenced;
    this.#add(id, stream, audio);
    audio.play().catch(() => this.#options.onBlocked());
  }

  /** Only look whether somebody speaks. */
  watch(id: string, stream: MediaStream): void {
    this.#add(id, stream, null);
  }

  #add(id: string, stream: MediaStream, audio: HTMLAudioElement | null): void {
    this.stop(id);
    const source = this.#context.createMediaStreamSource(stream);
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = HEARD;
    source.connect(analyser);
    this.#voices.set(id, { audio, source, analyser, lastHeard: Number.NEGATIVE_INFINITY });
  }

  stop(id: string): void {
    const voice = this.#voices.get(id);
    if (!voice) return;
    this.#voices.delete(id);
    voice.source.disconnect();
    if (!voice.audio) return;
    voice.audio.pause();
    voice.audio.srcObject = null;
  }

  setVolume(id: string, volume: number): void {
    const audio = this.#voices.get(id)?.audio;
    if (audio) audio.volume = volume;
  }

  setSilenced(id: string, isSilenced: boolean): void {
    const audio = this.#voices.get(id)?.audio;
    if (audio) audio.muted = isSilenced;
  }

  /** Play what was held back; for an answer to something the player pressed. */
  async resume(): Promise<void> {
    await this.#context.resume();
    await Promise.all([...this.#voices.values()].map(({ audio }) => audio?.play()));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const id of [...this.#voices.keys()]) this.stop(id);
    this.#context.close().catch(() => undefined);
  }

  #look(): void {
    const now = performance.now();
    for (const voice of this.#voices.values()) {
      if (!voice.audio?.muted && loudness(voice.analyser) >= SPEAKING) voice.lastHeard = now;
    }
    const speaking = [...this.#voices].filter(([, { lastHeard }]) => now - lastHeard < PAUSE_MS).map(([id]) => id);
    if (speaking.length === this.#speaking.size && speaking.every((id) => this.#speaking.has(id))) return;
    this.#speaking = new Set(speaking);
    this.#options.onSpeaking(this.#speaking);
  }
}

/** Of the loudest block heard lately. */
function loudness(analyser: AnalyserNode): number {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  let loudest = 0;
  for (let start = 0; start < samples.length; start += BLOCK) {
    const squares = samples.subarray(start, start + BLOCK).reduce((sum, value) => sum + value * value, 0);
    loudest = Math.max(loudest, squares / BLOCK);
  }
  return Math.sqrt(loudest);
}

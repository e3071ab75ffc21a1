const SAMPLES = 1024;

/** What is quieter is silence to look at. */
const FLOOR_DB = -60;

/** How loud sources are.  It listens to the tracks, whether they are sent or not. */
export class SoundMeter {
    #context = null;
    #inputs = new Map();        /* MediaStream -> {node, analyser} */
    #buffer = new Float32Array(SAMPLES);

    /** @param {MediaStream[]} streams all that there are by now */
    watch(streams) {
        const heard = streams.filter((stream) => stream.getAudioTracks().length > 0);

        for (const [stream, {node}] of this.#inputs) {
            if (!heard.includes(stream)) {
                node.disconnect();
                this.#inputs.delete(stream);
            }
        }

        for (const stream of heard) {
            if (!this.#inputs.has(stream)) {
                this.#add(stream);
            }
        }

        if (this.#inputs.size === 0 && this.#context?.state === 'running') {
            this.#context.suspend();

        } else if (this.#inputs.size > 0 && this.#context?.state === 'suspended') {
            this.#context.resume().catch(() => {});     /* it may want a click first */
        }
    }

    /**
     * @param {MediaStream} stream
     * @returns {number} 0 (silence) to 1, in steps that the ear would make
     */
    level(stream) {
        const analyser = this.#inputs.get(stream)?.analyser;

        if (analyser === undefined) {
            return 0;
        }

        analyser.getFloatTimeDomainData(this.#buffer);

        return levelOf(this.#buffer);
    }

    #add(stream) {
        try {
            this.#context ??= new AudioContext();

            const analyser = new AnalyserNode(this.#context, {fftSize: SAMPLES});
            const node = new MediaStreamAudioSourceNode(this.#context, {mediaStream: stream});

            node.connect(analyser);
            this.#inputs.set(stream, {node, analyser});

        } catch {
            /* no meter, then */
        }
    }
}

/**
 * @param {Float32Array} samples -1 to 1
 * @returns {number} 0 to 1
 */
export function levelOf(samples) {
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;

    return power === 0 ? 0 : Math.max(0, Math.min(1, 1 - 10 * Math.log10(power) / FLOOR_DB));
}

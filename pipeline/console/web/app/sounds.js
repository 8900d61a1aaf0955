// Sounds made here: two rising tones for a new alarm, three falling ones for red, again until somebody answers.

let context = null;
let last_ms = 0;
const known = new Set();

export const isMuted = () => localStorage.getItem("muted") === "yes";
export function mute(is) {
  localStorage.setItem("muted", is ? "yes" : "no");
}

/** A browser lets a page sound only after a touch. */
export function unlock() {
  context ??= new AudioContext();
  context.resume().catch(() => {});
}

function tones(frequencies) {
  if (isMuted() || context?.state !== "running") return;
  frequencies.forEach((hertz, index) => {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    const from = context.currentTime + index * 0.18;
    oscillator.frequency.value = hertz;
    oscillator.type = "triangle";
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(0.3, from + 0.02);
    gain.gain.linearRampToValueAtTime(0, from + 0.16);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + 0.17);
  });
}

export const lost = () => tones([330, 330]);

/** Sounds for the alarms that are open: new ones once, unanswered red and lost ones every 8 s. */
export function sound(alarms) {
  const loud = alarms.some((alarm) => alarm.stage === "raised" && !alarm.shelved_until && (alarm.level === "red" || alarm.level === null));
  const fresh = alarms.filter((alarm) => !known.has(alarm.site + alarm.incident + alarm.level));
  for (const alarm of fresh) known.add(alarm.site + alarm.incident + alarm.level);
  if (loud && (fresh.length > 0 || Date.now() - last_ms > 8000)) {
    last_ms = Date.now();
    tones([988, 784, 622]);
  } else if (fresh.length > 0) tones([523, 659]);
}

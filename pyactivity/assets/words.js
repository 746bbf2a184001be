// How numbers, times and names are written.
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const HIDDEN = /(?! )[\p{C}\p{Z}\\]/gu;

// A name for the eye, as pyactivity prints it: what is not printable, or not UTF-8, as an escape, a backslash as two.
function display(name) {
  return name.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0);
    if (character === "\\") return "\\\\";
    if (code >= 0xdc80 && code <= 0xdcff) return "\\x" + (code - 0xdc00).toString(16);
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
    return code < 0x10000 ? "\\u" + code.toString(16).padStart(4, "0") : "\\U" + code.toString(16).padStart(8, "0");
  });
}

function humaneBytes(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let value = bytes / 1024, unit = 0;
  while (value >= 1023.95 && unit + 1 < units.length) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

function grouped(number) {
  return Math.round(number).toLocaleString("en");
}

function counted(number, noun) {
  const plural = /[^aeiou]y$/.test(noun) ? noun.slice(0, -1) + "ies" : noun + "s";
  return `${grouped(number)} ${number === 1 ? noun : plural}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

function parts(wallSeconds) {
  const date = new Date(wallSeconds * 1000);
  return {
    year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate(), weekday: date.getUTCDay(),
    clock: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`,
  };
}

function dayText(wallSeconds) {
  const { year, month, day, weekday } = parts(wallSeconds);
  return `${DAYS[weekday]} ${day} ${MONTHS[month].slice(0, 3)} ${year}`;
}

function spanText(firstWall, lastWall) {
  const first = parts(firstWall), last = parts(lastWall);
  const start = `${dayText(firstWall)}, ${first.clock}`;
  if (dayText(firstWall) === dayText(lastWall)) return first.clock === last.clock ? start : `${start} – ${last.clock}`;
  return `${start} – ${dayText(lastWall)}, ${last.clock}`;
}

function agoText(wallSeconds) {
  const days = Math.floor(wall(facts.now) / 86400) - Math.floor(wallSeconds / 86400);
  if (days < 0) return "";
  if (days < 2) return ["today", "yesterday"][days];
  if (days < 14) return `${days} days ago`;
  if (days < 60) return `${Math.round(days / 7)} weeks ago`;
  return days < 730 ? `${Math.round(days / 30.4)} months ago` : `${Math.round(days / 365.25)} years ago`;
}

function momentText(seconds) {
  const at = wall(seconds);
  return `${dayText(at)}, ${parts(at).clock}`;
}

// Seconds and nanoseconds since the epoch as a decimal string: 1732567890.123456789, -0.500000000.
function decimal(seconds, ns) {
  const total = BigInt(seconds) * 1000000000n + BigInt(ns);
  const size = total < 0n ? -total : total;
  return `${total < 0n ? "-" : ""}${size / 1000000000n}.${String(size % 1000000000n).padStart(9, "0")}`;
}

// An element, its classes, and text that is never markup.
function element(tag, classes, text) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

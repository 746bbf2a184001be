// Periods of the calendar: all, a year, a month, a day; the bins of each, in hours of the clock on the wall.
const HOUR = 3600;
const span = { first: 0, last: 0 }; // seconds by the wall, of all that has a place on the axis

function prepareAxis() {
  const walls = [];
  for (let a = 0; a < data.activities; a++) if (data.on_axis[a]) walls.push(data.firstWall[a], data.lastWall[a]);
  const now = wall(facts.now);
  span.first = walls.reduce((one, other) => Math.min(one, other), now);
  span.last = walls.reduce((one, other) => Math.max(one, other), walls.length ? -Infinity : now);
}

function at(year, month = 0, day = 1) {
  return Date.UTC(year, month, day) / 1000;
}

function yearOf(year) {
  return { level: "year", year, from: at(year), to: at(year + 1), name: String(year) };
}

function monthOf(year, month) {
  const from = at(year, month), start = parts(from);
  return {
    level: "month", year: start.year, month: start.month, from, to: at(year, month + 1), name: MONTHS[start.month],
  };
}

function dayOf(wallSeconds) {
  const from = Math.floor(wallSeconds / 86400) * 86400, { year, month, day, weekday } = parts(from);
  return { level: "day", year, month, day, from, to: from + 86400, name: `${DAYS[weekday]} ${day}` };
}

function wholeOf() {
  return { level: "all", from: at(parts(span.first).year), to: at(parts(span.last).year + 1), name: "All" };
}

// The period above, and the one as long before or behind.
function outOf(period) {
  if (period.level === "day") return monthOf(period.year, period.month);
  return period.level === "month" ? yearOf(period.year) : null;
}

function beside(period, step) {
  if (period.level === "year") return yearOf(period.year + step);
  if (period.level === "month") return monthOf(period.year, period.month + step);
  return dayOf(period.from + step * 86400);
}

// Bins: where each begins, what zooming into it shows (null for an hour), and a label for some.
function binsOf(period) {
  const bins = [], { year, month } = period;
  if (period.level === "all") {
    const first = parts(period.from).year, last = parts(period.to).year;
    if (last - first > 30) for (let y = first; y < last; y++) bins.push({ ...yearOf(y), label: String(y), zoom: yearOf(y) });
    else {
      for (let y = first; y < last; y++) {
        for (let m = 0; m < 12; m++) {
          const zoom = monthOf(y, m);
          bins.push({ ...zoom, name: `${zoom.name} ${y}`, label: m ? "" : String(y), zoom });
        }
      }
    }
    return bins;
  }
  if (period.level === "day") {
    for (let from = period.from; from < period.to; from += HOUR) {
      const { clock } = parts(from);
      bins.push({ from, to: from + HOUR, name: `${clock}–${clock.slice(0, 2)}:59`, label: (from / HOUR) % 3 ? "" : clock, zoom: null });
    }
    return bins;
  }
  for (let from = period.from; from < period.to; from += 86400) {
    const day = dayOf(from), first = day.day === 1;
    const label = period.level === "month" ? String(day.day) : first ? MONTHS[day.month].slice(0, 3) : "";
    bins.push({ ...day, name: dayText(from), label, zoom: period.level === "year" ? monthOf(year, day.month) : day });
  }
  return bins;
}

// Files, or bytes, of each bin: all, those that did not come in bulk, those selected.
function filledBins(bins) {
  const values = view.measure === "bytes" ? data.hour_bytes : data.hour_files;
  for (const bin of bins) Object.assign(bin, { all: 0, work: 0, chosen: 0, files: 0, bytes: 0, unsafe: 0 });
  const chosen = chosenShares();
  for (let i = 0; i < data.hour.length; i++) {
    const seconds = data.hour[i] * HOUR, a = data.hourActivity[i];
    if (!bins.length || seconds < bins[0].from || seconds >= bins[bins.length - 1].to || !data.on_axis[a]) continue;
    const bin = bins[binAt(bins, seconds)], share = choice.share[data.hour_bulk[i]][a], value = values[i] * share;
    bin.all += value;
    if (!data.hour_bulk[i]) bin.work += value;
    bin.chosen += values[i] * chosen[a];
    bin.files += data.hour_files[i] * share;
    bin.bytes += data.hour_bytes[i] * share;
    if (data.hour_archived) bin.unsafe += (data.hour_files[i] - data.hour_archived[i]) * share;
  }
  return bins;
}

function binAt(bins, seconds) {
  let low = 0, high = bins.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (bins[middle].from <= seconds) low = middle;
    else high = middle;
  }
  return low;
}

function chosenShares() {
  const shares = new Float64Array(data.activities);
  const of = view.measure === "bytes" ? [choice.bytes, data.bytes] : [choice.files, data.files];
  for (let p = 0; p < data.pairs; p++) shares[data.pairActivity[p]] += of[0][p];
  for (let a = 0; a < shares.length; a++) shares[a] = shares[a] ? shares[a] / of[1][a] : 0;
  return shares;
}

// Marks of the scale up to `most`, far enough apart to be read: 1, 10, 100 files, or 1 KiB, 16 KiB, 256 KiB.
function scaleSteps(most) {
  const factor = view.measure === "bytes" ? 16 : 10, steps = [];
  for (let step = view.measure === "bytes" ? 1024 : 1; step <= most; step *= factor) {
    if (magnitude(step, most) > 0.09) steps.push(step);
  }
  if (steps.length < 2 && most > (steps[0] ?? 0) * 1.2) steps.push(most);
  return steps;
}

function measured(value) {
  if (view.measure === "bytes") return humaneBytes(Math.round(value)).replace(".0", "");
  return value < 10000 ? grouped(value) : value < 1e6 ? `${value / 1000}k` : `${value / 1e6}M`;
}

// How high a value stands, 0 to 1: by its cube root, for a day has three files or three hundred thousand, and a logarithm
// would show the two as much alike.
function magnitude(value, most) {
  return value > 0 ? Math.min(1, Math.max(0.02, Math.cbrt(value / most))) : 0;
}

function toldBin(bin) {
  if (!bin.files) return `${bin.name}: nothing`;
  const safe = !data.hour_archived ? "" : bin.unsafe ? `, ${counted(Math.max(1, Math.round(bin.unsafe)), "file")} in no archive` : ", all archived";
  return `${bin.name}: ${counted(bin.files, "file")}, ${humaneBytes(Math.round(bin.bytes))}${safe}`;
}

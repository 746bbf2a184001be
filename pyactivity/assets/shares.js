// Size and count on one axis: of each activity its share of all files and of all bytes made by hand, as in picture_table.py.
const shares = { files: [], bytes: [], ticks: [] };

// Of what the filters and the period let through; what came in bulk or by itself has no share.
function countShares() {
  const files = new Float64Array(data.activities), bytes = new Float64Array(data.activities);
  let allFiles = 0, allBytes = 0, most = 0;
  for (let p = 0; p < data.pairs; p++) {
    if (data.pair_bulk[p]) continue;
    files[data.pairActivity[p]] += choice.matchFiles[p];
    bytes[data.pairActivity[p]] += choice.matchBytes[p];
    allFiles += choice.matchFiles[p];
    allBytes += choice.matchBytes[p];
  }
  for (let a = 0; a < data.activities; a++) {
    files[a] /= allFiles || 1;
    bytes[a] /= allBytes || 1;
    most = Math.max(most, files[a], bytes[a]);
  }
  Object.assign(shares, { files, bytes, ticks: most ? shareTicks(most) : [] });
}

// Round marks from 0 on, at most four besides it, the last of which no bar exceeds.
function shareTicks(most) {
  const power = 10 ** Math.floor(Math.log10(most)), rounded = (value) => Number(value.toPrecision(9));
  const step = [0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10].map((factor) => factor * power)
    .find((size) => Math.ceil(rounded(most / size)) <= 4);
  return Array.from({ length: Math.ceil(rounded(most / step)) + 1 }, (_, i) => rounded(i * step));
}

function shareOf(a) {
  return Math.max(shares.files[a], shares.bytes[a]);
}

function percent(share) {
  return `${Number((share * 100).toPrecision(6))} %`;
}

// The two bars of a row.
function shareBars(a) {
  const bars = element("span", "shares"), most = shares.ticks.at(-1);
  for (const [kind, share] of [["files", shares.files[a]], ["bytes", shares.bytes[a]]]) {
    const bar = element("span", `share-${kind}`);
    bar.style.width = `${(share / most) * 100}%`;
    bars.append(bar);
  }
  bars.title = `${percent(shares.files[a])} of all files and ${percent(shares.bytes[a])} of all bytes made by hand`;
  return bars;
}

// The scale above the rows, in line with their bars: its ends are named, and those between where there is room.
function paintShareAxis() {
  const box = byId("share-axis"), ticks = shares.ticks;
  box.hidden = view.tab !== "activity" || !ticks.length;
  if (box.hidden) return;
  byId("share-scale").replaceChildren(...ticks.map((tick, i) => {
    const mark = element("span", "share-tick", tick ? percent(tick) : "0");
    mark.style.left = `${(tick / ticks.at(-1)) * 100}%`;
    mark.hidden = i > 0 && i + 1 < ticks.length && (ticks.length > 3 || narrow.matches) && i * 2 + 1 !== ticks.length;
    return mark;
  }));
  box.style.paddingRight = `${byId("list").offsetWidth - byId("list").clientWidth}px`;
}

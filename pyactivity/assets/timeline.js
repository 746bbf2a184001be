// The bars of a period; a bar is zoomed into by a click or Enter.
const timeline = { bins: [], current: -1 };

function paintTimeline() {
  const box = byId("timeline"), width = Math.max(280, box.clientWidth), height = 190;
  const bins = timeline.bins = filledBins(binsOf(view.period ?? wholeOf()));
  const most = bins.reduce((sum, bin) => Math.max(sum, bin.all), 0);
  const steps = scaleSteps(most), left = Math.ceil(Math.max(52, ...steps.map((step) => 12 + widthOf(measured(step)))));
  const right = 4, top = 10, bottom = 24, room = height - top - bottom;
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  for (const step of steps) {
    const y = top + room - magnitude(step, most) * room;
    picture.append(drawn("line", { x1: left, x2: width - right, y1: y, y2: y, class: "grid" }));
    picture.append(lettered(left - 8, y + 4, measured(step), "end"));
  }
  picture.append(drawn("line", { x1: left, x2: width - right, y1: top + room + 0.5, y2: top + room + 0.5, class: "base" }));
  const pitch = (width - left - right) / bins.length, gap = pitch > 4 ? Math.min(4, pitch * 0.2) : 0;
  let free = -Infinity; // where the last label ends
  bins.forEach((bin, i) => {
    const x = left + i * pitch;
    for (const kind of ["all", "work", "chosen"]) {
      const high = magnitude(bin[kind], most) * room;
      if (high) picture.append(drawn("rect", {
        x: x + gap / 2, y: top + room - high, width: Math.max(1, pitch - gap), height: high,
        rx: Math.min(2, pitch / 4), class: { all: "bulk", work: "work", chosen: "chosen" }[kind],
      }));
    }
    const centred = pitch > 14, start = centred ? x + pitch / 2 : x, letters = bin.label ? widthOf(bin.label) : 0;
    const begins = centred ? start - letters / 2 : start;
    if (bin.label && begins > free + 6 && begins + letters < width) {
      picture.append(lettered(start, height - 7, bin.label, centred ? "middle" : "start"));
      free = begins + letters;
    }
  });
  timeline.at = (x) => Math.floor((x - left) / pitch);
  timeline.mark = drawn("rect", { y: top, width: Math.max(2, pitch), height: room, class: "pointer", visibility: "hidden" });
  timeline.place = (i) => left + i * pitch;
  picture.append(timeline.mark);
  box.replaceChildren(picture);
  if (document.activeElement === box) pointAt(timeline.current);
}

// How many pixels a label takes.
function widthOf(text) {
  const pen = widthOf.pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

function lettered(x, y, text, anchor) {
  const made = drawn("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

function pointAt(i) {
  timeline.current = Math.max(-1, Math.min(i, timeline.bins.length - 1));
  const bin = timeline.bins[timeline.current];
  timeline.mark.setAttribute("visibility", bin ? "visible" : "hidden");
  if (bin) timeline.mark.setAttribute("x", timeline.place(timeline.current));
  byId("pointed").textContent = bin ? toldBin(bin) : "";
}

function zoomInto(i) {
  const bin = timeline.bins[i];
  if (bin && bin.zoom) showPeriod(bin.zoom);
}

function showPeriod(period) {
  view.period = period;
  timeline.current = -1;
  filtersChanged();
}

function paintCrumbs() {
  const period = view.period ?? wholeOf(), way = [period];
  for (let outer = view.period && outOf(period); outer; outer = outOf(outer)) way.unshift(outer);
  if (view.period) way.unshift(null);
  const made = way.map((step) => {
    const button = element("button", "crumb", step ? step.name : "All");
    button.type = "button";
    if (step === period) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => showPeriod(step && step.level !== "all" ? step : null));
    return button;
  });
  byId("crumbs").replaceChildren(...made);
  const whole = wholeOf();
  for (const [id, step] of [["earlier", -1], ["later", 1]]) {
    const next = view.period && beside(view.period, step);
    byId(id).disabled = !next || next.to <= whole.from || next.from >= whole.to;
  }
}

function timelineKey(event) {
  const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  if (event.key in moves) pointAt(Math.max(0, timeline.current + moves[event.key]));
  else if (event.key === "Enter" || event.key === " " || event.key === "+") zoomInto(timeline.current);
  else if (event.key === "Escape" || event.key === "-") view.period && showPeriod(outOf(view.period));
  else return;
  event.preventDefault();
}

function prepareTimeline() {
  const box = byId("timeline");
  box.tabIndex = 0;
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", "Timeline. Left and right move, Enter zooms in, Escape zooms out.");
  box.setAttribute("aria-describedby", "pointed");
  const under = (event) => timeline.at(event.clientX - box.getBoundingClientRect().left);
  box.addEventListener("pointermove", (event) => pointAt(under(event)));
  box.addEventListener("pointerleave", () => pointAt(-1));
  box.addEventListener("click", (event) => zoomInto(under(event)));
  box.addEventListener("keydown", timelineKey);
  byId("earlier").addEventListener("click", () => showPeriod(beside(view.period, -1)));
  byId("later").addEventListener("click", () => showPeriod(beside(view.period, 1)));
  new ResizeObserver(() => {
    paintTimeline();
    paintCalendar();
    paintShareAxis();
    paintMap();
  }).observe(box);
}

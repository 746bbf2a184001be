// A year as weeks and days, the darker the more; a day is opened by a click or Enter.
const calendar = { days: [], current: -1, year: 0 };

function paintCalendar() {
  const year = calendar.year = view.period ? view.period.year : parts(span.last).year;
  const from = at(year), shift = (parts(from).weekday + 6) % 7; // weeks begin on Mondays
  const days = calendar.days = filledBins(Array.from({ length: (at(year + 1) - from) / 86400 }, (_, i) => {
    const day = dayOf(from + i * 86400);
    return { ...day, name: dayText(day.from), zoom: day };
  }));
  const steps = calendarSteps(days), left = 42, top = 18, weeks = Math.ceil((shift + days.length) / 7);
  const pitch = Math.max(13, Math.min(16, Math.floor((byId("calendar").parentElement.clientWidth - left - 8) / weeks)));
  const width = weeks * pitch, height = top + 7 * pitch;
  const marks = [], picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  const names = drawn("svg", { viewBox: `0 0 ${left} ${height}`, width: left, height, class: "weekdays", "aria-hidden": "true" });
  names.append(lettered(left - 6, 11, String(year), "end"));
  ["Mon", "Wed", "Fri", "Sun"].forEach((name, i) => names.append(lettered(left - 6, top + i * 2 * pitch + 11, name, "end")));
  days.forEach((day, i) => {
    const x = Math.floor((shift + i) / 7) * pitch, y = top + ((shift + i) % 7) * pitch;
    const month = day.day === 1 ? MONTHS[day.month].slice(0, 3) : "";
    if (month && x + widthOf(month) < width) picture.append(lettered(x, 11, month, "start"));
    const level = day.work ? steps.filter((step) => step <= day.work).length || 1 : 0;
    if (day.unsafe) marks.push(drawn("circle", { cx: x + (pitch - 3) / 2, cy: y + (pitch - 3) / 2, r: 2.5, class: "unsafe" }));
    const open = view.period && view.period.level !== "year" && day.from >= view.period.from && day.to <= view.period.to;
    picture.append(drawn("rect", {
      x, y, width: pitch - 3, height: pitch - 3, rx: 3,
      class: `day level-${level}${day.all && !level ? " aside" : ""}${day.chosen ? " picked" : ""}${open ? " open" : ""}`, "data-day": i,
    }));
  });
  picture.append(...marks);
  const box = byId("calendar");
  box.replaceChildren(names, picture);
  paintLegend(year, days, steps);
  box.setAttribute("aria-label", `Calendar of ${year}. Arrows move by days and weeks, Enter opens a day.`);
  // Where there is no room for a year, the end of what happened is in sight.
  const last = days.findLastIndex((day) => day.all);
  box.parentElement.scrollLeft = left + Math.floor((shift + last) / 7) * pitch - box.parentElement.clientWidth + 3 * pitch;
  if (document.activeElement === box) calendarAt(calendar.current);
}

// From how much a day each shade is: the days with work in four parts of as many days, by the quartiles, so that one day
// with thousands of files does not make all others pale. What came in bulk or by itself has no shade: a mail a day would
// colour every day.
function calendarSteps(days) {
  const values = days.map((day) => day.work).filter(Boolean).sort((one, other) => one - other), steps = [];
  for (const share of [0, 0.25, 0.5, 0.75]) {
    const step = values.length ? roundedDown(values[Math.floor(share * values.length)]) : 0;
    if (step > (steps.at(-1) ?? 0)) steps.push(step);
  }
  return steps;
}

// Two digits of a number of files; of bytes a power of two.
function roundedDown(value) {
  if (view.measure === "bytes") return 2 ** Math.floor(Math.log2(Math.max(1, value)));
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.max(1, Math.floor(value / unit) * unit);
}

function paintLegend(year, days, steps) {
  const work = days.reduce((sum, day) => sum + day.work, 0), all = days.reduce((sum, day) => sum + day.all, 0);
  const worked = days.filter((day) => day.work).length, told = (value) => (view.measure === "bytes" ? humaneBytes(Math.round(value)) : counted(Math.round(value), "file"));
  const shades = element("span", "shades");
  const shade = (level, text) => {
    const key = element("span", "shade");
    key.append(element("span", `key ${level}`), text);
    shades.append(key);
  };
  if (steps.length) shades.append(element("span", "", `${view.measure === "bytes" ? "bytes" : "files"} a day, from`));
  steps.forEach((step, i) => shade(`level-${i + 1}`, `${measured(step)}${i + 1 < steps.length ? "" : " on"}`));
  if (all > work) shade("aside", "bulk, or by itself, only");
  const unsafe = days.filter((day) => day.unsafe).length, active = days.filter((day) => day.all).length;
  if (unsafe) shade("unsafe", "not all archived");
  const safe = data.hour_archived ? `; ${counted(active - unsafe, "day")} of ${active} safe in archives` : "";
  const others = all > work ? `; ${told(all - work)} in bulk or by themselves` : "";
  byId("year").replaceChildren(element("span", "", `${year}: ${told(work)} by hand on ${counted(worked, "day")}${others}${safe}`), shades);
}

function calendarAt(i) {
  calendar.current = Math.max(-1, Math.min(i, calendar.days.length - 1));
  const day = calendar.days[calendar.current];
  byId("calendar").querySelector(".current")?.classList.remove("current");
  byId("calendar").querySelector(`[data-day="${calendar.current}"]`)?.classList.add("current");
  byId("pointed").textContent = day ? toldBin(day) : "";
}

function calendarKey(event) {
  const moves = { ArrowRight: 7, ArrowLeft: -7, ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  if (event.key in moves) {
    const last = calendar.days.reduce((found, day, i) => (day.all ? i : found), 0);
    calendarAt(calendar.current < 0 ? last : Math.max(0, calendar.current + moves[event.key]));
  } else if (event.key === "Enter" || event.key === " ") {
    if (calendar.days[calendar.current]) showPeriod(calendar.days[calendar.current].zoom);
  } else if (event.key === "Escape") view.period && showPeriod(outOf(view.period));
  else return;
  event.preventDefault();
}

function prepareCalendar() {
  const box = byId("calendar");
  box.tabIndex = 0;
  box.setAttribute("role", "application");
  box.setAttribute("aria-describedby", "pointed");
  box.addEventListener("keydown", calendarKey);
  const under = (event) => Number(event.target.dataset?.day ?? -1);
  box.addEventListener("pointermove", (event) => calendarAt(under(event)));
  box.addEventListener("pointerleave", () => calendarAt(-1));
  box.addEventListener("click", (event) => calendar.days[under(event)] && showPeriod(calendar.days[under(event)].zoom));
}

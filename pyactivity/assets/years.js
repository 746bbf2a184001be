// The totals of each year, in a table; a year is opened by its button.
function yearTotals() {
  const years = new Map();
  for (let i = 0; i < data.hour.length; i++) {
    const a = data.hourActivity[i];
    if (!data.on_axis[a]) continue;
    const share = choice.share[data.hour_bulk[i]][a];
    if (!share) continue;
    const seconds = data.hour[i] * HOUR, year = yearAt(seconds);
    if (!years.has(year)) years.set(year, { days: new Set(), files: 0, bytes: 0, bulk: 0, arrived: 0, unsafe: 0 });
    const sums = years.get(year), files = data.hour_files[i] * share;
    if (data.arriving[a]) sums.arrived += files;
    else if (data.hour_bulk[i]) sums.bulk += files;
    else {
      sums.files += files;
      sums.bytes += data.hour_bytes[i] * share;
      sums.days.add(Math.floor(seconds / 86400));
    }
    if (data.hour_archived) sums.unsafe += (data.hour_files[i] - data.hour_archived[i]) * share;
  }
  return [...years].sort(([one], [other]) => other - one);
}

// Years by where they begin: a date for each of a million hours would take seconds.
function yearAt(seconds) {
  const starts = yearAt.starts ??= new Map();
  let year = 1970 + Math.floor(seconds / 31556952);
  const start = (y) => starts.get(y) ?? starts.set(y, at(y)).get(y);
  while (seconds < start(year)) year--;
  while (seconds >= start(year + 1)) year++;
  return year;
}

function paintYears() {
  const rows = yearTotals(), table = byId("years");
  const shown = [["Year", () => ""], ["files by hand", (y) => grouped(Math.round(y.files))], ["bytes by hand", (y) => humaneBytes(Math.round(y.bytes))],
    ["on days", (y) => grouped(y.days.size)]];
  if (rows.some(([, y]) => y.bulk)) shown.push(["in bulk", (y) => grouped(Math.round(y.bulk))]);
  if (rows.some(([, y]) => y.arrived)) shown.push(["by itself", (y) => grouped(Math.round(y.arrived))]);
  if (data.hour_archived) shown.push(["in no archive", (y) => grouped(Math.round(y.unsafe))]);
  const head = element("tr"), body = element("tbody");
  for (const [name] of shown) {
    head.append(element("th", "", name));
    head.lastChild.scope = "col";
  }
  for (const [year, sums] of rows) body.append(yearRow(year, sums, shown));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceWith(body);
  table.hidden = !rows.length;
}

function yearRow(year, sums, shown) {
  const row = element("tr"), name = element("th"), button = element("button", "crumb", String(year));
  name.scope = "row";
  button.type = "button";
  button.setAttribute("aria-label", `Show ${year}`);
  button.addEventListener("click", () => showPeriod(yearOf(year)));
  if (calendar.year === year) row.className = "current";
  name.append(button);
  row.append(name, ...shown.slice(1).map(([, told]) => element("td", "", told(sums))));
  return row;
}

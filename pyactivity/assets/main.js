// Puts the parts together: whatever changes is painted again from what it is computed from.
function choiceChanged() {
  joinChoice();
  for (const order of Object.values(orders)) order.refresh();
  byId("copied").textContent = "";
  paintTray();
  paintTimeline();
  paintCalendar();
  view.onlyChosen ? refreshRows() : paintRows();
}

function filtersChanged() {
  applyFilters();
  joinChoice();
  for (const order of Object.values(orders)) order.refresh();
  paintCrumbs();
  paintTimeline();
  paintCalendar();
  paintYears();
  countShares();
  byId("list").scrollTop = 0;
  list.current = 0;
  refreshRows();
  paintShown();
  paintTray();
  paintShareAxis();
  paintMap();
}

function paintShown() {
  let activities = 0, streams = 0, files = 0, bytes = 0;
  for (let a = 0; a < data.activities; a++) {
    const matching = orders.activity.sum("match", data.pairStart[a], data.pairStart[a + 1]);
    if (matching && data.arriving[a]) streams++;
    if (!matching || data.arriving[a]) continue;
    activities++;
    files += matching;
    bytes += orders.activity.sum("matchBytes", data.pairStart[a], data.pairStart[a + 1]);
  }
  const where = view.period ? ` ${view.period.level === "day" ? "on" : "in"} ${[view.period, outOf(view.period), outOf(outOf(view.period) ?? {})].filter((p) => p?.name)
    .map((p) => p.name).join(" ")}` : "";
  let text = `${counted(activities, "activity")}${where}, ${counted(files, "file")}, ${humaneBytes(bytes)}`
    + (streams ? `; and ${counted(streams, "stream")}, of all time` : "");
  const total = data.fileStart[data.pairs];
  if (view.text && total < data.files.reduce((sum, count) => sum + count, 0)) {
    text += "; files whose names are not in this page are found by their directories only";
  }
  byId("shown").textContent = text;
}

function paintHeader() {
  const files = data.files.reduce((sum, count) => sum + count, 0), bytes = data.bytes.reduce((sum, size) => sum + size, 0);
  byId("archived").hidden = !data.archived;
  const streams = data.arriving.reduce((sum, one) => sum + one, 0);
  byId("streams").hidden = !streams;
  byId("root").textContent = display(facts.root);
  document.title = `Activity in ${display(facts.root)}`;
  const clock = facts.zones.length ? `, times are ${facts.zones.join("/")}` : "";
  byId("summary").textContent = `${counted(files, "file")}, ${humaneBytes(bytes)}, ${counted(data.activities - streams, "activity")}`
    + `${streams ? `, ${counted(streams, "stream")}` : ""}; `
    + `${facts.links ? `bytes of ${counted(facts.links, "further hard link")} counted once; ` : ""}`
    + `seen ${momentText(facts.now)}${clock}`;
  const unnamed = files - facts.named, [older, olderFiles] = facts.left_out, notices = [];
  if (unnamed) {
    notices.push(`To keep this page small it has the names of ${counted(facts.named, "file")}, of the newest activities `
      + `first. ${grouped(unnamed)} are counted, and can be selected, by directory only.`);
  }
  if (older) {
    notices.push(`${counted(older, "activity")} before these, ${counted(olderFiles, "file")} in all, are not in this page: `
      + `a longer radius makes fewer, or --until shows them.`);
  }
  byId("notice").hidden = !notices.length;
  byId("notice").textContent = notices.join(" ");
}

function prepareTheme() {
  const names = ["auto", "light", "dark"], button = byId("theme");
  let theme = "auto";
  try {
    theme = localStorage.getItem("pyactivity theme") ?? "auto";
  } catch { /* no storage, no memory */ }
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = { auto: "◐ System", light: "☀ Light", dark: "☾ Dark" }[theme];
  };
  if (!names.includes(theme)) theme = "auto";
  apply();
  button.addEventListener("click", () => {
    theme = names[(names.indexOf(theme) + 1) % 3];
    try {
      localStorage.setItem("pyactivity theme", theme);
    } catch { /* no storage, no memory */ }
    apply();
  });
}

function prepareTools() {
  let waiting = 0;
  byId("filter").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      view.text = event.target.value;
      unfolded.clear();
      filtersChanged();
    }, data.filePair.length > 20000 ? 200 : 50);
  });
  byId("filter").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      byId("list").focus();
      event.preventDefault();
    }
  });
  const changes = {
    order: (tool) => { view.order = tool.value; }, "show-bulk": (tool) => { view.hideBulk = !tool.checked; },
    "show-streams": (tool) => { view.hideStreams = !tool.checked; },
    "hide-archived": (tool) => { view.hideArchived = tool.checked; },
    "only-chosen": (tool) => { view.onlyChosen = tool.checked; }, measure: (tool) => { view.measure = tool.value; },
  };
  for (const [id, change] of Object.entries(changes)) {
    byId(id).addEventListener("change", (event) => {
      change(event.target);
      filtersChanged();
    });
  }
  for (const tab of TABS) byId(`by-${tab}`).addEventListener("click", () => showTab(tab));
  byId("save").addEventListener("click", save);
  byId("copy").addEventListener("click", copyCommand);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !["INPUT", "SELECT"].includes(event.target.tagName)) {
      byId("filter").focus();
      event.preventDefault();
    }
  });
}

const TABS = ["activity", "directory", "map"];
function showTab(tab) {
  view.tab = tab;
  for (const name of TABS) byId(`by-${name}`).setAttribute("aria-pressed", name === tab);
  map.node = null;
  byId("list").setAttribute("aria-label", tab === "activity" ? "Activities" : "Directories");
  byId("order").options[0].textContent = tab === "activity" ? "newest first" : "by name";
  filtersChanged();
}

async function start() {
  prepareTheme();
  await load();
  prepareChoice();
  orders.activity = activityOrder();
  orders.directory = directoryOrder();
  prepareAxis();
  paintHeader();
  prepareMedium();
  prepareTools();
  // What a browser kept of an earlier visit to the form does not fit a fresh page.
  for (const field of document.querySelectorAll("input[type=checkbox]")) field.checked = field.defaultChecked;
  byId("filter").value = "";
  for (const id of ["order", "measure"]) byId(id).selectedIndex = 0;
  filtersChanged();
  prepareTimeline();
  prepareCalendar();
  prepareList();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  byId("notice").hidden = false;
  byId("notice").textContent = `This page cannot be shown: ${error.message}`;
  throw error;
});

/* The film of one run: what is visible in the queue, reserved by a worker, and running, at an instant. */
(function () {
  "use strict";
  const STEPS = 1000;
  let film = null;
  let cells = [];

  function element(tag, name, parent, text) {
    const made = document.createElement(tag);
    made.className = name;
    if (text !== undefined) made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  function lay(stage) {
    stage.replaceChildren();
    cells = [];
    film.queue = element("div", "queue", element("div", "lane", stage, "queue"));
    film.slots.forEach(function (count, replica) {
      const lane = element("div", "lane", stage, "replica " + replica);
      const row = element("div", "slots", lane);
      cells.push(Array.from({ length: count }, () => element("span", "slot", row)));
      lane.held = element("div", "queue", lane);
      cells[replica].held = lane.held;
    });
  }

  function tokens(box, jobs, kind) {
    const most = 120;
    box.replaceChildren();
    jobs.slice(0, most).forEach((job) => element("span", "job " + kind, box, String(job)));
    if (jobs.length > most) element("span", "more", box, "and " + (jobs.length - most) + " more");
  }

  function at(seconds) {
    const now = { visible: [], reserved: [], running: [] };
    film.rows.forEach(function (row) {
      const [job, published, received, started, finished, replica, slot] = row;
      if (published === null || published > seconds) return;
      if (started !== null && started <= seconds) {
        if (finished === null || finished > seconds) now.running.push({ job, replica, slot });
        return;
      }
      if (finished !== null && finished <= seconds) return;
      if (received !== null && received <= seconds) now.reserved.push({ job, replica });
      else now.visible.push(job);
    });
    return now;
  }

  function words(seconds) {
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (film.end >= 2 * length) return (seconds / length).toFixed(1) + " " + unit;
    }
    return seconds.toFixed(1) + " s";
  }

  /* What Dash does not tell a screen reader: sliders, fields and choices are named by the text above them, and choices
     are radio buttons, which they are not by the roles that Dash gives them. */
  function name() {
    document.querySelectorAll(".field").forEach(function (field) {
      const label = field.querySelector(".label").textContent;
      field.querySelectorAll("[role=slider], input[type=number]").forEach((each) => each.setAttribute("aria-label", label));
      const choices = field.querySelector(".dash-radioitems");
      if (!choices) return;
      choices.setAttribute("role", "radiogroup");
      choices.setAttribute("aria-label", label);
      choices.querySelectorAll("label").forEach((each) => { each.removeAttribute("role"); each.removeAttribute("aria-selected"); });
    });
    document.querySelectorAll("#clock [role=slider]").forEach((each) => each.setAttribute("aria-label", "Time in the run"));
    document.querySelectorAll("#upload input").forEach((each) => each.setAttribute("aria-label", "YAML file"));
  }

  /* Parts of Dash arrive after the first picture, and write their roles again when they change. */
  let waiting = false;
  new MutationObserver(function () {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(function () { waiting = false; name(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["aria-selected"] });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    workersim: {
      play: function (clicks, still) {
        return [!still, still ? "Pause" : "Play"];
      },
      tick: function (count, value) {
        return value >= STEPS ? 0 : Math.min(STEPS, value + 4);
      },
      draw: function (value, data) {
        const stage = document.getElementById("stage");
        if (!data || !stage) return ["", ""];
        if (film === null || film.data !== data) {
          film = Object.assign({ data: data, slots: [], end: 0 }, data);
          lay(stage);
        }
        if (!film.rows.length) return ["", film.note || "No job arrives."];
        const seconds = (film.end * value) / STEPS;
        const now = at(seconds);
        cells.forEach((row) => row.forEach((cell) => { cell.className = "slot"; cell.textContent = ""; }));
        now.running.forEach(function (each) {
          const cell = cells[each.replica] && cells[each.replica][each.slot];
          if (cell) { cell.className = "slot running"; cell.textContent = String(each.job); }
        });
        tokens(film.queue, now.visible, "visible");
        cells.forEach((row, replica) =>
          tokens(row.held, now.reserved.filter((each) => each.replica === replica).map((each) => each.job), "reserved"));
        tokens.lost = now.reserved.filter((each) => each.replica < 0);
        tokens.lost.forEach((each) => element("span", "job reserved", film.queue, String(each.job)));
        const said = now.running.length + " running, " + now.visible.length + " visible, " +
          now.reserved.length + " reserved. " + (film.note || "");
        return [words(seconds), said];
      },
    },
  });
})();

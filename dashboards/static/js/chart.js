// Draws the chart from the table beside it, so that both say the same, and reads its points aloud.

import uPlot from "../vendor/uplot/uPlot.esm.js";

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const TICK_PIXELS_MIN = 58;
const FONT = '12px "Inter Variable", system-ui, sans-serif';
let current = null;

function readTable(chart) {
  const rows = [...document.getElementById(chart.dataset.table).tBodies[0].rows];
  const number = (text) => (text === "" ? null : Number(text));
  return rows.map((row) => ({
    label: row.cells[0].textContent,
    text: row.cells[1].textContent,
    beforeLabel: row.cells[2].textContent,
    beforeText: row.cells[3].textContent,
    tick: row.dataset.tick,
    value: number(row.dataset.value),
    before: number(row.dataset.before),
    isRunning: "running" in row.dataset,
  }));
}

// The line of what is over, and the dashed piece that leads to what is still running.
function splitRunning(points) {
  const running = points.findIndex((point) => point.isRunning);
  if (running < 1) return [points.map((point) => point.value), points.map(() => null)];
  const over = points.map((point, place) => (place < running ? point.value : null));
  const rest = points.map((point, place) =>
    place === running || place === running - 1 ? point.value : null,
  );
  return [over, rest];
}

function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function fade(u, tint) {
  const { top, height } = u.bbox;
  const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, tint.replace("rgb(", "rgba(").replace(")", ", 0.20)"));
  gradient.addColorStop(1, tint.replace("rgb(", "rgba(").replace(")", ", 0.01)"));
  return gradient;
}

function ticks(points) {
  return (u) => {
    const room = Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / TICK_PIXELS_MIN));
    const steps = [1, 2, 3, 4, 6, 7, 14, 28, 56];
    const step = steps.find((each) => points.length / each <= room) ?? 112;
    return points.map((_, place) => place).filter((place) => place % step === 0);
  };
}

// The distance of grid lines: a round number that about four of reach `max`.
function gridStep(max, isRatio) {
  const least = isRatio ? 0.25 : 1;
  if (!(max > 4 * least)) return least;
  const power = 10 ** Math.floor(Math.log10(max / 4));
  return [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= max / 4);
}

function gridLines(top, step) {
  return Array.from({ length: Math.round(top / step) + 1 }, (_, line) => line * step);
}

function tip(chart) {
  const box = document.createElement("div");
  box.className = "tip";
  box.hidden = true;
  const row = (kind) => {
    const line = document.createElement("div");
    line.className = `tip-row ${kind}`;
    line.append(document.createElement("span"), document.createElement("b"));
    box.append(line);
    return line;
  };
  const lines = [row("tip-now"), row("tip-before")];
  chart.append(box);
  const say = (line, label, text) => {
    line.hidden = label === "";
    line.firstChild.textContent = label;
    line.lastChild.textContent = text;
  };
  return (u, point, left) => {
    box.hidden = !point;
    if (!point) return;
    say(lines[0], point.label, point.text);
    say(lines[1], point.beforeLabel, point.beforeText);
    const start = u.bbox.left / devicePixelRatio + left;
    const flips = start + box.offsetWidth + 24 > chart.clientWidth;
    const place = flips ? start - box.offsetWidth - 14 : start + 14;
    box.style.left = `${Math.max(0, place)}px`;
    box.style.top = "12px";
  };
}

function options(chart, points, colours, show) {
  const isRatio = chart.dataset.ratio === "true";
  const max = Math.max(0, ...points.flatMap((point) => [point.value, point.before]));
  const step = gridStep(max, isRatio);
  const line = { points: { show: false }, spanGaps: false };
  const isAlone = points.filter((point) => point.value !== null).length === 1;
  const dot = { points: { show: isAlone, size: 8, fill: colours.accent } };
  return {
    width: chart.clientWidth,
    height: chart.clientHeight,
    padding: [10, 22, 0, 0],
    legend: { show: false },
    cursor: {
      y: false, drag: { x: false, y: false }, points: { size: 9, width: 2, fill: colours.card },
      // The line stands on the nearest point, where the tip and the dots are.
      move: (u, left, top) => [left < 0 ? left : u.valToPos(u.posToIdx(left), "x"), top],
    },
    scales: {
      x: { time: false, range: [0, points.length - 1] },
      y: { range: [0, Math.max(1, Math.ceil(max / step)) * step] },
    },
    axes: [
      {
        stroke: colours.soft, font: FONT, size: 30, gap: 8, splits: ticks(points),
        values: (u, places) => places.map((place) => points[place]?.tick ?? ""),
        grid: { show: false }, ticks: { show: false },
      },
      {
        stroke: colours.soft, font: FONT, size: 46, gap: 8, ticks: { show: false },
        splits: (u, axis, low, high) => gridLines(high, step),
        values: (u, values) => values.map((value) => compact.format(value)),
        grid: { stroke: colours.line, width: 1 },
      },
    ],
    series: [
      {},
      { ...line, stroke: colours.before, width: 1.75 },
      { ...line, ...dot, stroke: colours.accent, width: 2.5, fill: (u) => fade(u, colours.accent) },
      { ...line, stroke: colours.accent, width: 2.5, dash: [5, 5], fill: (u) => fade(u, colours.accent) },
    ],
    hooks: { setCursor: [(u) => show(u, points[u.cursor.idx], u.cursor.left)] },
  };
}

function draw(chart) {
  current?.plot.destroy();
  chart.replaceChildren();
  const points = readTable(chart);
  const names = ["accent", "before", "soft", "line", "card"];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  const place = tip(chart);
  const show = (u, point, left) => place(u, left < 0 ? null : point, left);
  const [over, rest] = splitRunning(points);
  const data = [points.map((_, at) => at), points.map((point) => point.before), over, rest];
  const plot = new uPlot(options(chart, points, colours, show), data, chart);
  current = { chart, plot, points, at: points.length };
}

// Arrow keys walk along the points; what is under the cursor is also said.
function walk(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") current.plot.setCursor({ left: -10, top: -10 });
  if (!step) return;
  event.preventDefault();
  const { plot, points } = current;
  current.at = Math.min(points.length - 1, Math.max(0, current.at + step));
  const point = points[current.at];
  plot.setCursor({ left: plot.valToPos(current.at, "x"), top: 0 });
  const before = point.beforeLabel ? `; ${point.beforeLabel}: ${point.beforeText}` : "";
  document.getElementById("chart-said").textContent = `${point.label}: ${point.text}${before}`;
}

function start() {
  const chart = document.getElementById("chart");
  if (!chart || chart === current?.chart) return;
  draw(chart);
  chart.addEventListener("keydown", walk);
  chart.addEventListener("blur", () => current.plot.setCursor({ left: -10, top: -10 }));
  new ResizeObserver(() => {
    if (chart === current?.chart && chart.clientWidth > 0) {
      current.plot.setSize({ width: chart.clientWidth, height: chart.clientHeight });
    }
  }).observe(chart);
}

document.addEventListener("htmx:after:swap", start);
document.addEventListener("sanaq:theme", () => current && draw(current.chart));
document.fonts.load(FONT).then(start, start);

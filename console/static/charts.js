// Draws each chart from the table that stands beneath it; without this script, or without ECharts, the table is there.
"use strict";

(() => {
  const COLOURS = ["#0d5c68", "#c98a00", "#a3261b", "#5b8c5a", "#6b5b95", "#4f6368"];

  // What is bad is red in every chart.
  const shade = (rate) => rate.startsWith("未能") ? COLOURS[2] : rate.startsWith("满意") ? COLOURS[0] : COLOURS[1];

  const read = (kind, table) => {
    const cells = (row) => [...row.children].map((cell) => cell.textContent.trim());
    const [, ...names] = cells(table.tHead.rows[0]);
    const rows = [...table.tBodies[0].rows].map(cells);
    // A column of shares says the same as its count, except where shares are what is to be seen.
    const wanted = kind === "rates" ? /^(?:[\d.]+%|—)$/ : /^\d+$/;
    const drawn = names.map((name, at) => ({ name, at: at + 1 }))
      .filter(({ at }) => rows.every((row) => wanted.test(row[at])));
    return {
      labels: rows.map((row) => row[0]),
      series: drawn.map(({ name, at }) => ({ name, data: rows.map((row) => row[at] === "—" ? null : parseFloat(row[at])) })),
    };
  };

  const options = (kind, { labels, series }) => {
    const rates = kind === "rates", lying = rates || kind === "bars";
    const names = { type: "category", data: labels, inverse: lying, axisTick: { show: false }, axisLabel: { width: lying ? 150 : undefined, overflow: "truncate" } };
    const numbers = rates ? { type: "value", max: 100, axisLabel: { formatter: "{value}%" } } : { type: "value", minInterval: 1 };
    return {
      animation: false,
      color: rates ? series.map(({ name }) => shade(name)) : COLOURS,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13 },
      // A tooltip of HTML would need styles that the page does not allow.
      tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
      legend: series.length > 1 ? { top: 0 } : undefined,
      grid: { left: 8, right: rates ? 56 : 24, top: series.length > 1 ? 36 : 12, bottom: 8, containLabel: true },
      xAxis: lying ? numbers : names,
      yAxis: lying ? names : numbers,
      series: series.map((one) => ({ ...one, type: "bar", stack: kind === "days" ? "all" : undefined, barMaxWidth: rates ? 12 : 28, label: { show: lying, position: "right", formatter: rates ? "{c}%" : undefined } })),
    };
  };

  const draw = (section) => {
    const drawing = section.querySelector(".drawing");
    const found = read(section.dataset.chart, section.querySelector("table"));
    if (!found.series.some(({ data }) => data.some((count) => count > 0))) return;
    // Three bars for each name have to have room.
    if (section.dataset.chart === "rates") drawing.style.height = `${found.labels.length * 48 + 80}px`;
    drawing.append(document.createElement("div"));
    const canvas = drawing.firstChild;
    canvas.style.height = "100%";
    const chart = window.echarts.init(canvas, null, { renderer: "svg" });
    chart.setOption(options(section.dataset.chart, found));
    section.querySelector("details").open = false;
    new ResizeObserver(() => chart.resize()).observe(drawing);
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (window.echarts) document.querySelectorAll("[data-chart]").forEach(draw);
  });
})();

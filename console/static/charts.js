// Draws each chart from the table that stands beneath it; without this script, or without ECharts, the table is there.
"use strict";

(() => {
  const COLOURS = ["#0d5c68", "#c98a00", "#a3261b", "#5b8c5a", "#6b5b95", "#4f6368"];

  const read = (table) => {
    const cells = (row) => [...row.children].map((cell) => cell.textContent.trim());
    const [, ...names] = cells(table.tHead.rows[0]);
    const rows = [...table.tBodies[0].rows].map(cells);
    // A column of shares says the same as its count.
    const counted = names.map((name, at) => ({ name, at: at + 1 }))
      .filter(({ at }) => rows.every((row) => /^\d+$/.test(row[at])));
    return {
      labels: rows.map((row) => row[0]),
      series: counted.map(({ name, at }) => ({ name, data: rows.map((row) => Number(row[at])) })),
    };
  };

  const options = (kind, { labels, series }) => {
    const lying = kind === "bars";
    const names = { type: "category", data: labels, inverse: lying, axisTick: { show: false }, axisLabel: { width: lying ? 150 : undefined, overflow: "truncate" } };
    const numbers = { type: "value", minInterval: 1 };
    return {
      animation: false,
      color: COLOURS,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13 },
      // A tooltip of HTML would need styles that the page does not allow.
      tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
      legend: series.length > 1 ? { top: 0 } : undefined,
      grid: { left: 8, right: 24, top: series.length > 1 ? 36 : 12, bottom: 8, containLabel: true },
      xAxis: lying ? numbers : names,
      yAxis: lying ? names : numbers,
      series: series.map((one) => ({ ...one, type: "bar", stack: kind === "days" ? "all" : undefined, barMaxWidth: 28, label: { show: lying, position: "right" } })),
    };
  };

  const draw = (section) => {
    const drawing = section.querySelector(".drawing");
    const found = read(section.querySelector("table"));
    if (!found.series.some(({ data }) => data.some((count) => count > 0))) return;
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

"use strict";
(() => {
  const list = document.querySelector("[data-mistakes]");
  if (!list) return;
  const SHOWN = 20;
  const items = Array.from(list.children);
  const texts = items.map((item) => item.querySelector(".text").textContent.toLowerCase());
  const filters = document.querySelector("[data-filters]");
  const control = (name) => filters.querySelector(`[data-filter="${name}"]`);
  const count = filters.querySelector("[data-count]");
  const more = document.querySelector("[data-more]");
  let all = false;

  const matches = (item, text) => {
    const { value: label } = control("true");
    const { value: predicted } = control("predicted");
    const words = control("text").value.trim().toLowerCase();
    return (!label || item.dataset.true === label)
      && (!predicted || item.dataset.predicted === predicted)
      && (!words || text.includes(words));
  };

  const show = () => {
    let matching = 0;
    let shown = 0;
    items.forEach((item, number) => {
      const fits = matches(item, texts[number]);
      matching += fits;
      item.hidden = !fits || (!all && shown >= SHOWN);
      shown += !item.hidden;
    });
    count.textContent = matching ? `${shown} of ${matching} shown` : "no matches";
    more.hidden = shown === matching;
    more.textContent = `Show all ${matching}`;
  };

  filters.addEventListener("input", show);
  filters.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    all = true;
    show();
  });
  filters.hidden = false;
  show();
})();

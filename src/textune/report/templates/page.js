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
    const { value: given } = control("predicted");
    const words = control("text").value.trim().toLowerCase();
    return (!label || item.dataset.true === label)
      && (!given || item.dataset.predicted === given)
      && (!words || text.includes(words));
  };

  const show = () => {
    let found = 0;
    let shown = 0;
    items.forEach((item, number) => {
      const fits = matches(item, texts[number]);
      found += fits;
      item.hidden = !fits || (!all && shown >= SHOWN);
      shown += !item.hidden;
    });
    count.textContent = found ? `${shown} of ${found} shown` : "none matches";
    more.hidden = shown === found;
    more.textContent = `Show all ${found}`;
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

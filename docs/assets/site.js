// What the theme leaves unnamed gets a name, and what scrolls can be reached by keyboard.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
document.querySelectorAll("th:empty").forEach((cell) => cell.replaceWith(document.createElement("td")));
document.querySelectorAll(".md-nav--primary .md-nav").forEach((part, number) => {
  part.removeAttribute("aria-labelledby");
  part.setAttribute("aria-label", `Part ${number + 1} of the menu`);
});
const reachable = () =>
  document.querySelectorAll("pre code:not([tabindex]), .md-typeset__scrollwrap:not([tabindex])").forEach((block) => {
    block.tabIndex = 0;
  });
// The theme wraps tables after this, and takes it away from blocks that do not scroll yet.
new MutationObserver(reachable).observe(document.body, { subtree: true, childList: true, attributeFilter: ["tabindex"] });
reachable();

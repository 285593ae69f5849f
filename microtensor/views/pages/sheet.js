// The button that prints the sheet.
document.querySelector("#print").addEventListener("click", () => print());
document.documentElement.classList.add("alive");

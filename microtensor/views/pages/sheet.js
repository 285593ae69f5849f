// The button that prints the sheet.
"use strict";
document.querySelector("#print").addEventListener("click", () => print());

// The least contrast between a text and what is behind it, by the formula of the Web Content Accessibility Guidelines.
() => {
  const channel = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour
      .match(/[0-9.]+/g)
      .slice(0, 3)
      .map((x) => channel(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const found = [];
  for (const box of document.querySelectorAll("#picture .box")) {
    const back = getComputedStyle(box.querySelector(".body")).fill;
    for (const text of box.querySelectorAll("text")) found.push(ratio(getComputedStyle(text).fill, back));
  }
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!colour.startsWith("rgba")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of document.querySelectorAll("header *, footer *, #panel *")) {
    const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (speaks) found.push(ratio(getComputedStyle(element).color, behind(element)));
  }
  return Math.min(...found);
};

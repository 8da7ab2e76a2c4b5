// What is wrong with the page for somebody who sees little: text with less contrast than
// 4.5 : 1 (WCAG 2.2, 1.4.3), what can be operated and is smaller than 24 by 24 pixels
// (2.5.8), and IDs that are there twice.
(() => {
  const problems = [];
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const pixel = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const colours = [];
    for (let e = element; e; e = e.parentElement) colours.unshift(getComputedStyle(e).backgroundColor);
    return colours;
  };
  const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest('.unseen, [aria-disabled="true"]');
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const e = words.currentNode.parentElement;
    if (words.currentNode.data.trim() === '' || !seen(e) || e.closest('option, script')) continue;
    const style = getComputedStyle(e);
    const ground = behind(e);
    const [a, b] = [luminance(pixel([...ground, e.closest('svg') ? style.fill : style.color])), luminance(pixel(ground))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(2)} of "${words.currentNode.data.trim().slice(0, 40)}" in ${e.className || e.tagName}`);
  }
  for (const e of document.querySelectorAll('button, input:not([type=radio]), select, textarea, label.radio, summary')) {
    const { width, height } = e.getBoundingClientRect();
    if (seen(e) && (width < 24 || height < 24)) problems.push(`${e.outerHTML.slice(0, 80)} is ${width} by ${height}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  problems.push(...new Set(ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `the ID ${id} is there twice`)));
  return [...new Set(problems)];
})()

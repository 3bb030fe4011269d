/** A canvas knows nothing of light-dark() and variables: an element is asked what a colour comes to. */
export function colourOf(variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Calls back when the colours of the page change: by choice or by the system. Returns how to stop that. */
export function onColours(listener: () => void): () => void {
  const theme = new MutationObserver(listener);
  theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', listener);
  return () => {
    theme.disconnect();
    scheme.removeEventListener('change', listener);
  };
}

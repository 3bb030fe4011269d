/** In the next frame; a page out of view has none, and goes on all the same. */
export function soon(run: () => void): void {
  if (document.visibilityState === 'visible') requestAnimationFrame(run);
  else setTimeout(run, 250);
}

/** What is shown of something that changes often: drawn once for all changes of a frame, and no more once it is ended. */
export interface EachFrame {
  draw(): void;
  end(): void;
}

export function createEachFrame(run: () => void, later = soon): EachFrame {
  let isDue = false;
  let isEnded = false;
  return {
    draw: () => {
      if (isDue) return;
      isDue = true;
      later(() => {
        isDue = false;
        if (!isEnded) run();
      });
    },
    end: () => {
      isEnded = true;
    },
  };
}

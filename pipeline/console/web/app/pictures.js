// Live pictures of many cameras. A browser opens six connections to a host for all its pages: streams of more than a few
// cameras would leave none for alarms. Beyond that, pictures are fetched one by one, those on the screen in turn.

const STREAMS_MAX = 2;
const AT_ONCE = 3;
// Twenty pictures a second for a page, whatever the number of cameras: a fifth of what the console lets an address ask for.
const PAUSE_MS = 150;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const shown = (image, address) => new Promise((resolve) => {
  const done = () => { image.removeEventListener("load", done); image.removeEventListener("error", done); resolve(); };
  image.addEventListener("load", done);
  image.addEventListener("error", done);
  image.src = address;
  setTimeout(done, 5000);
});

/** Shows cameras in images until `close`; `count` tells how many cameras there are. */
export function livePictures(count) {
  const views = new Map(); // image -> { still, stream, is_busy, is_seen }
  let is_open = true;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (views.has(entry.target)) views.get(entry.target).is_seen = entry.isIntersecting;
  });
  const takesTurns = () => count() > STREAMS_MAX;

  const fetchInTurn = async () => {
    while (is_open) {
      const waiting = takesTurns() && [...views].find(([, view]) => view.still && view.is_seen && !view.is_busy);
      if (waiting) {
        const [image, view] = waiting;
        // To the end of the row.
        views.delete(image);
        views.set(image, view);
        view.is_busy = true;
        await shown(image, `${view.still}&t=${Date.now()}`);
        view.is_busy = false;
        if (!view.still) image.removeAttribute("src");
      }
      await pause(PAUSE_MS);
    }
  };
  for (let turn = 0; turn < AT_ONCE; turn += 1) fetchInTurn();

  return {
    /** Shows a camera in `image` from now on: the address of its `still` and of its `stream`; null where it is not live. */
    show(image, addresses) {
      const view = views.get(image) ?? { is_busy: false, is_seen: false };
      if (!views.has(image)) { views.set(image, view); seen.observe(image); }
      Object.assign(view, { still: addresses?.still ?? null, stream: addresses?.stream ?? null });
      if (!view.still) image.removeAttribute("src");
      else if (!takesTurns() && image.getAttribute("src") !== view.stream) image.src = view.stream;
    },
    /** A stream goes on until its picture is taken away. */
    close() {
      is_open = false;
      seen.disconnect();
      for (const image of views.keys()) image.removeAttribute("src");
    },
  };
}

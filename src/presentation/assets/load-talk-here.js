// Shows the welcome page's other way, which needs scripts, and brings its program along when it is wanted. Sent without its comments.
(() => {
  const root = document.getElementById("talk-here");
  const begin = document.getElementById("talk-begin");
  root.hidden = false;
  const load = () => {
    import(root.dataset.program).then(
      ({ talkHere }) => talkHere(root),
      // The click is not lost: the next one tries again.
      () => begin.addEventListener("click", load, { once: true }),
    );
  };
  begin.addEventListener("click", load, { once: true });
})();

// What needs a script: passkeys, countdowns, and the form token in htmx's requests. Everything else works without.
"use strict";
(() => {
  const token = document.body.dataset.csrf || "";
  document.body.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF-Token"] = token; });

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const send = (path, fields) => fetch(path, {
    method: "POST", credentials: "same-origin",
    headers: { "X-CSRF-Token": token, "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields),
  });

  async function passkey(box) {
    const options = await (await send(box.dataset.options, {})).json();
    options.challenge = bytes(options.challenge);
    for (const one of [...(options.excludeCredentials || []), ...(options.allowCredentials || [])]) one.id = bytes(one.id);
    const adds = box.dataset.passkey === "add";
    if (adds) options.user.id = bytes(options.user.id);
    const made = await navigator.credentials[adds ? "create" : "get"]({ publicKey: options });
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[name]) response[name] = text(made.response[name]);
    const answer = JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
    const name = box.querySelector("input[name=name]");
    return (await send(box.dataset.send, { answer, name: name ? name.value : "", next: box.dataset.next || "/" })).json();
  }

  for (const box of document.querySelectorAll("[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    box.hidden = false;
    const button = box.querySelector("button"), error = box.querySelector(".error");
    button.addEventListener("click", async () => {
      button.disabled = true; error.hidden = true;
      try {
        const answer = await passkey(box);
        if (answer.go) { location.assign(answer.go); return; }
        error.textContent = answer.error; error.hidden = false;
      } catch (refused) { /* the person closed the browser's dialog */ }
      button.disabled = false;
    });
  }

  // A page that is left open colours what has become late; its words come with the next reload.
  const tick = () => {
    for (const one of document.querySelectorAll("[data-deadline]")) {
      const left = (Date.parse(one.dataset.deadline) - Date.now()) / 1000;
      one.classList.toggle("over", left <= 0);
      one.classList.toggle("near", left > 0 && left < one.dataset.lifetime / 6);
    }
  };
  setInterval(tick, 15000);
})();

// How does the page hear of what happens? One WebSocket; after a break it comes back and everything is fetched anew.

import { emit, state } from "./state.js";

const PAUSE_MS = [250, 500, 1000, 2000, 4000];

export function connect() {
  let attempts = 0;
  let hadOne = false;

  function open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/_workspace/ws?user=${encodeURIComponent(state.me)}`);
    socket.addEventListener("open", () => {
      attempts = 0;
      emit("connection", "connected");
      if (hadOne) emit("refetch");
      hadOne = true;
    });
    socket.addEventListener("message", (event) => hear(event.data));
    socket.addEventListener("close", () => {
      emit("connection", "reconnecting");
      setTimeout(open, PAUSE_MS[Math.min(attempts++, PAUSE_MS.length - 1)]);
    });
  }
  open();
}

function hear(data) {
  const event = JSON.parse(data);
  emit(`live:${event.type}`, event);
}

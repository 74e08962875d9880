"use strict";
// Plays one check by WHEP, and asks twice a second how it stands. Whatever can not be told counts as closed.

const POLL_MS = 500;
const SILENT_MS = 1500;
const GATHER_MS = 2000;

const byId = (id) => document.getElementById(id);
const video = byId("video");
let connection = null;
const token = location.pathname.split("/").pop();
let resource = null;
let heardAt = performance.now();
let over = false;

function close(detail) {
  if (over) return;
  over = true;
  if (connection !== null) connection.close();
  video.srcObject = null;
  video.hidden = true;
  byId("sound").hidden = true;
  byId("left").textContent = "";
  byId("viewers").textContent = "";
  byId("state").textContent = "Closed";
  byId("state").dataset.state = "closed";
  const closed = byId("closed");
  closed.textContent = "CLOSED";
  const why = document.createElement("small");
  why.textContent = detail || "The check is over.";
  closed.append(why);
  closed.hidden = false;
}

function show(status) {
  const minutes = Math.floor(status.lease_left_s / 60);
  const seconds = String(status.lease_left_s % 60).padStart(2, "0");
  byId("state").textContent = status.state === "live" ? "OPEN" : status.state;
  byId("state").dataset.state = status.state;
  byId("left").textContent = `${minutes}:${seconds} left (renews while watched)`;
  byId("viewers").textContent = `watching: ${status.viewers.join(", ")}`;
}

async function poll() {
  while (!over) {
    try {
      const answer = await fetch(resource, { cache: "no-store", signal: AbortSignal.timeout(SILENT_MS) });
      if (answer.status === 404) return close("The check is over.");
      if (answer.ok) {
        const status = await answer.json();
        heardAt = performance.now();
        if (status.state !== "live") return close([status.reason, status.detail].filter(Boolean).join(": "));
        show(status);
      }
    } catch (error) {
      // Told below, once it has lasted.
    }
    if (performance.now() - heardAt > SILENT_MS) return close("The controller can not be reached.");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

// The ICE servers of a Link header, as WHEP says it: <turn:…>; rel="ice-server"; username="…"; credential="…"
function iceServers(links) {
  const servers = [];
  for (const [, url, rest] of (links || "").matchAll(/<([^>]+)>([^<]*)/g)) {
    const said = Object.fromEntries([...rest.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    if (said.rel !== "ice-server") continue;
    const server = { urls: decodeURI(url) };
    if (said.username) Object.assign(server, { username: said.username, credential: said.credential });
    servers.push(server);
  }
  return servers;
}

async function connect() {
  const ways = await fetch(`/whep/${token}`, { method: "OPTIONS", cache: "no-store" });
  if (!ways.ok) return refused(ways);
  connection = new RTCPeerConnection({ iceServers: iceServers(ways.headers.get("link")) });
  return play();
}

async function refused(answer) {
  const problem = await answer.json().catch(() => ({}));
  close([problem.message, problem.remedy].filter(Boolean).join(": "));
}

function gathered() {
  return new Promise((resolve) => {
    const done = () => connection.iceGatheringState === "complete" && resolve();
    connection.addEventListener("icegatheringstatechange", done);
    setTimeout(resolve, GATHER_MS);
    done();
  });
}

async function play() {
  const stream = new MediaStream();
  connection.addEventListener("track", (event) => {
    stream.addTrack(event.track);
    video.srcObject = stream;
    if (event.track.kind === "audio") byId("sound").hidden = false;
  });
  connection.addEventListener("connectionstatechange", () => {
    if (["failed", "closed"].includes(connection.connectionState)) close("The connection was lost.");
  });
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.addTransceiver("audio", { direction: "recvonly" });
  await connection.setLocalDescription(await connection.createOffer());
  await gathered();
  const answer = await fetch(`/whep/${token}`, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) return refused(answer);
  resource = answer.headers.get("location");
  await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  heardAt = performance.now();
  await poll();
}

byId("sound").addEventListener("click", () => {
  video.muted = !video.muted;
  byId("sound").textContent = video.muted ? "Sound on" : "Sound off";
});
addEventListener("pagehide", () => {
  if (resource !== null) fetch(resource, { method: "DELETE", keepalive: true });
});
connect().catch((error) => close(String(error.message || error)));

// Looks around in a world as a guest. `node visitor.js [ADDRESS]`; Node 20 needs `--experimental-websocket`.
import { Api, Player, Refused, Session } from "@mythgate/sdk";

const api = new Api(process.argv[2] ?? "http://127.0.0.1:54731/");
const session = new Session(api);
await session.guest();

const visitor = new Player({
  api,
  session,
  onStatus: ({ state, attempt }) => console.log(state === "reconnecting" ? `${state}, attempt ${attempt}` : state),
});
visitor.on("chat_message", ({ data }) => console.log(data.text));
visitor.on("player_entered", ({ data }) => console.log(`${data.player_name} comes in.`));

const { player, room } = await visitor.enter();
console.log(`${player.name} is at ${room.name}. Ways: ${room.ways.map((way) => way.direction).join(", ")}.`);

const echo = visitor.next("chat_message", ({ data }) => data.player_id === player.id);
await visitor.command("say Is anybody here?");
await echo;

try {
  await visitor.command("cast Fireball");
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.log(`${error.code}: ${error.message}`);
}

await visitor.leave();

/** A receiver in a process of its own: takes every body, answers 200, tells its parent the port. */
import { createServer } from "node:http";

// A busy machine must not make the receiver hang up on an idle connection.
const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  request.on("end", () => response.end());
  request.resume();
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" && address !== null ? address.port : 0);
});
process.on("disconnect", () => process.exit(0));

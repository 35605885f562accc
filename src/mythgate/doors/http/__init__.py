"""The http door: REST, WebSocket, Server-Sent Events and the browser client."""

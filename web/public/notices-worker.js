/** Shows notices that come while no page of the client is open. The page registers it when somebody asks for them. */
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  const shown = self.registration.showNotification(told.title || "Mythgate", {
    body: told.text || "",
    data: { url: told.url || self.registration.scope },
    icon: "favicon.svg",
    tag: told.text || "mythgate",
  });
  event.waitUntil(shown);
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data;
  const goThere = async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const open = pages.find((page) => page.url.startsWith(self.registration.scope));
    // A page that is open stays where it is: somebody may be typing there.
    await (open ? open.focus() : self.clients.openWindow(url));
  };
  event.waitUntil(goThere());
});

// Starts Scalar (the lines above) on /docs. Nothing may leave the machine: no fonts, telemetry, proxy,
// agent or hosted client. The Content-Security-Policy of the page would stop them anyway.
(() => {
  // The token of the last login or sign-up on this page. It is gone when the page is.
  let token = null;

  // Whoever logs in by trying "Log in" or "Sign up" is logged in for everything that is tried afterwards.
  // A token in the field "Bearer Token" goes first.
  const fetchLoggedIn = async (input, init) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    const opens = request.method === "POST" && (pathname === "/sessions" || pathname === "/customers");
    // Scalar sends "Bearer " followed by nothing while the field is empty.
    if (/^Bearer\s*$/.test(request.headers.get("Authorization") ?? "")) {
      request.headers.delete("Authorization");
    }
    if (token !== null && pathname !== "/sessions" && !request.headers.has("Authorization")) {
      request.headers.set("Authorization", `Bearer ${token}`);
    }
    const response = await fetch(request);
    if (opens && response.status === 201) {
      const answer = await response.clone().json();
      token = answer.token ?? answer.session?.token ?? token;
    }
    if (request.method === "DELETE" && pathname === "/sessions/current" && response.ok) {
      token = null;
    }
    return response;
  };

  Scalar.createApiReference("#app", {
    url: "/openapi.json",
    customFetch: fetchLoggedIn,
    authentication: { preferredSecurityScheme: "session" },
    documentDownloadType: "json",
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    orderRequiredPropertiesFirst: true,
    orderSchemaPropertiesBy: "preserve",
    persistAuth: false,
    proxyUrl: "",
    showDeveloperTools: "never",
    telemetry: false,
    withDefaultFonts: false,
  });
})();

// The library's bundle names itself as a global. No validator: it would be asked at an address outside.
SwaggerUIBundle({
  url: "/api/lightning/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  filter: true,
  validatorUrl: null,
});

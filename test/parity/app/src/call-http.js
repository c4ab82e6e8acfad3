// callHttp; its targets are in client-door.js.

const { orchestration } = require("./register.js");

orchestration("http", function* (c) {
  const r = yield c.df.callHttp(c.df.getInput());
  return { statusCode: r.statusCode, content: r.content, headers: r.headers };
});

orchestration("httpCaught", function* (c) {
  try {
    const r = yield c.df.callHttp(c.df.getInput());
    return r.statusCode;
  } catch (e) {
    return e.message.split("\n")[0];
  }
});

// Input: {name: definition}; output: [[name, kind, message]]. NODE_PATH names the folder that holds asl-validator.
const validate = require("asl-validator");

let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () => {
  const found = [];
  for (const [name, definition] of Object.entries(JSON.parse(text))) {
    for (const error of validate(definition, { checkPaths: true, checkArn: true }).errors) {
      const kind = error["Error code"] || "schema";
      found.push([name, kind, `${error.Message || error.message || ""} ${JSON.stringify(error.params || error.path || error.instancePath || "")}`]);
    }
  }
  process.stdout.write(JSON.stringify(found));
});

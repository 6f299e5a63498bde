// The project's reward, by one Python process for all answers. An answer that cannot be graded is
// an error in promptfoo, never a score of 0: that is why this is not a Python assertion, whose
// failures promptfoo scores 0.
import { spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";

import { HERE, row } from "./rows.mjs";

let child;
let failure;
const waiting = [];

function start() {
  const python = process.env.PROMPTFOO_PYTHON || "python3";
  child = spawn(python, [path.join(HERE, "score.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const end = (reason) => {
    failure = new Error(`${python} score.py ended (${reason}); set PROMPTFOO_PYTHON to the .venv`);
    waiting.splice(0).forEach(({ reject }) => reject(failure));
  };
  child.on("error", (error) => end(error.message));
  child.on("exit", (code) => end(`exit code ${code}`));
  readline.createInterface({ input: child.stdout }).on("line", (line) => {
    const reply = JSON.parse(line);
    const { resolve, reject } = waiting.shift();
    return reply.no_score ? reject(new Error(reply.no_score)) : resolve(reply);
  });
  for (const part of [child, child.stdin, child.stdout]) part.unref();
}

// What the model wrote, from the completion that model.mjs keeps. Other providers parse the answer or
// add to it, so that the reward could be another one than in the project.
function answer({ providerResponse }) {
  const choice = providerResponse?.raw?.choices?.[0];
  if (!choice) throw new Error("the provider keeps no completion as raw; use model.mjs");
  return { content: choice.message.content ?? null, finish: choice.finish_reason ?? null };
}

export default async function reward(output, context) {
  const { content, finish } = answer(context);
  if (!child) start();
  if (failure) throw failure;
  const item = row(context.vars.row);
  const line = `{"content": ${JSON.stringify(content)}, "finish": ${JSON.stringify(finish)}, "item": ${item}}`;
  const result = await new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    child.stdin.write(`${line}\n`);
    child.ref();
    child.stdout.ref();
  });
  if (!waiting.length) [child, child.stdout].forEach((part) => part.unref());
  return { pass: result.reward > 0, score: result.reward, reason: result.reason, namedScores: result.parts };
}

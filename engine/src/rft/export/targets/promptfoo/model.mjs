// A model behind an OpenAI-shaped address (OPENAI_BASE_URL, OPENAI_API_KEY). promptfoo's own openai
// provider parses JSON answers and mixes reasoning and refusals into them, so that a grader would
// see another text than the model wrote.
const TRIES = 5;

export default class Model {
  constructor({ config }) {
    this.body = config.body;
  }

  id() {
    return this.body.model;
  }

  async callApi(prompt) {
    const base = process.env.OPENAI_BASE_URL || "https://api.openai.com/v1";
    const request = {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${process.env.OPENAI_API_KEY || "none"}`,
      },
      body: JSON.stringify({ ...this.body, messages: JSON.parse(prompt) }),
    };
    for (let tries = 1; ; tries++) {
      let status = 0;
      let text = "";
      try {
        const response = await fetch(`${base.replace(/\/+$/, "")}/chat/completions`, request);
        status = response.status;
        text = await response.text();
        const raw = response.ok ? JSON.parse(text) : {};
        if (raw.choices?.[0]?.message) return answer(raw);
      } catch (error) {
        text = text || String(error);
      }
      const again = status === 0 || status === 429 || status >= 500;
      if (!again || tries === TRIES) return { error: `status ${status}: ${text.slice(0, 300)}` };
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    }
  }
}

function answer(raw) {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = raw.usage ?? {};
  return { output: raw.choices[0].message.content ?? "", raw, tokenUsage: { prompt, completion, total } };
}

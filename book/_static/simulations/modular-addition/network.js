/* The network: embeddings → sum → Linear(2, H) → ReLU → Linear(H, N), trained on all pairs at once by AdamW. No page. */
"use strict";

(() => {
  const space = (globalThis.verifiedDynamics ??= {});
  const core = (space.modularAddition ??= {});
  const WEIGHTS = 2, SPLIT = 3; // purposes of streams of draws, see random.js
  const MOST_DRAWS = 1000;
  const MEAN = 0.9, SQUARE = 0.999, TINY = 1e-8; // of AdamW, as PyTorch has them

  /* Which pairs train: a drawn share of them, drawn again where it misses a class. Throws a RangeError if it always does. */
  function split(pairing, share, seed) {
    const draws = space.random.stream(seed, SPLIT), size = Math.round(share * pairing.count);
    for (let count = 0; size >= pairing.modulus && count < MOST_DRAWS; count++) {
      const order = draws.order(pairing.count), training = order.slice(0, size);
      if (new Set(training.map((p) => pairing.label[p])).size === pairing.modulus)
        return { training: Int32Array.from(training), validation: Int32Array.from(order.slice(size)) };
    }
    throw new RangeError(
      `With ${size} of ${pairing.count} pairs in training, some sum modulo ${pairing.modulus} has none: raise the training share.`);
  }

  /* Names and sizes of the parameters, which lie one after the other in one array. */
  function layout(modulus, width, biases) {
    const sizes = { embedding: 2 * modulus, into: 2 * width, out: width * modulus };
    if (biases) Object.assign(sizes, { intoBias: width, outBias: modulus });
    return sizes;
  }

  function views(flat, sizes) {
    const found = {};
    let begin = 0;
    for (const [name, size] of Object.entries(sizes)) found[name] = flat.subarray(begin, (begin += size));
    return found;
  }

  /* A network before training; points are its embeddings. Layers are drawn as PyTorch draws them. */
  function network(points, { modulus, width, biases, share, seed }) {
    const pairing = core.pairs(modulus), sizes = layout(modulus, width, biases);
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    const flat = new Float64Array(total), parameters = views(flat, sizes);
    const { uniform } = space.random.stream(seed, WEIGHTS);
    const fill = (array, bound) => array.forEach((_, i) => (array[i] = bound * (2 * uniform() - 1)));
    parameters.embedding.set(points);
    fill(parameters.into, 1 / Math.sqrt(2));
    fill(parameters.out, 1 / Math.sqrt(width));
    if (biases) {
      fill(parameters.intoBias, 1 / Math.sqrt(2));
      fill(parameters.outBias, 1 / Math.sqrt(width));
    }
    const gradient = new Float64Array(total);
    return {
      modulus, width, biases, pairing, ...split(pairing, share, seed), flat, parameters, gradient,
      slopes: views(gradient, sizes), mean: new Float64Array(total), square: new Float64Array(total), steps: 0,
      hidden: new Float64Array(width), active: new Int32Array(width), logits: new Float64Array(modulus),
    };
  }

  /* Logits of one sum into net.logits; active units and their outputs into net.active, net.hidden; returns their number.
     Two units at a time: then each logit is read and written half as often, which is what the time goes to. */
  function forward(net, x, y) {
    const { modulus, width, parameters, hidden, active, logits } = net;
    const { into, intoBias, out, outBias } = parameters;
    let count = 0;
    for (let c = 0; c < modulus; c++) logits[c] = outBias ? outBias[c] : 0;
    for (let j = 0; j < width; j++) {
      const h = into[j] * x + into[width + j] * y + (intoBias ? intoBias[j] : 0);
      if (h > 0) {
        hidden[count] = h;
        active[count++] = j;
      }
    }
    for (let i = 0; i < count; i += 2) {
      const h = hidden[i], g = i + 1 < count ? hidden[i + 1] : 0;
      let one = active[i] * modulus, other = g ? active[i + 1] * modulus : one;
      for (let c = 0; c < modulus; c++) logits[c] += h * out[one++] + g * out[other++];
    }
    return count;
  }

  /* Turns net.logits into probabilities and returns the logarithm of their sum before. */
  function softmax(logits) {
    let top = -Infinity, total = 0;
    for (const value of logits) if (value > top) top = value;
    for (let c = 0; c < logits.length; c++) total += logits[c] = Math.exp(logits[c] - top);
    for (let c = 0; c < logits.length; c++) logits[c] /= total;
    return top + Math.log(total);
  }

  /* The gradient of the mean cross-entropy over the training pairs into net.gradient; returns that loss. */
  function backward(net) {
    const { modulus, pairing, training, parameters, slopes, logits } = net;
    const { embedding } = parameters, share = 1 / training.length;
    net.gradient.fill(0);
    let loss = 0;
    for (let n = 0; n < training.length; n++) {
      const p = training[n], a = 2 * pairing.first[p], b = 2 * pairing.second[p], label = pairing.label[p];
      const x = embedding[a] + embedding[b], y = embedding[a + 1] + embedding[b + 1];
      const count = forward(net, x, y), right = logits[label];
      loss += softmax(logits) - right;
      logits[label] -= 1;
      for (let c = 0; c < modulus; c++) {
        logits[c] *= share;
        if (slopes.outBias) slopes.outBias[c] += logits[c];
      }
      const [dx, dy] = layers(net, count, x, y);
      slopes.embedding[a] += dx;
      slopes.embedding[a + 1] += dy;
      slopes.embedding[b] += dx;
      slopes.embedding[b + 1] += dy;
    }
    return loss * share;
  }

  /* Through both layers for one sum: adds to the slopes of the weights and returns the slope of the sum point. */
  function layers({ modulus, width, parameters, slopes, hidden, active, logits }, count, x, y) {
    const { into, out } = parameters, outSlopes = slopes.out, intoSlopes = slopes.into, biasSlopes = slopes.intoBias;
    let dx = 0, dy = 0;
    for (let i = 0; i < count; i++) {
      const j = active[i], h = hidden[i];
      let back = 0, place = j * modulus;
      for (let c = 0; c < modulus; c++, place++) {
        outSlopes[place] += h * logits[c];
        back += out[place] * logits[c];
      }
      intoSlopes[j] += back * x;
      intoSlopes[width + j] += back * y;
      if (biasSlopes) biasSlopes[j] += back;
      dx += back * into[j];
      dy += back * into[width + j];
    }
    return [dx, dy];
  }

  /* One step of AdamW on everything that is trained; returns the loss before it. */
  function train(net, { rate, decay }) {
    const loss = backward(net), { flat, gradient, mean, square } = net;
    net.steps += 1;
    const first = rate / (1 - MEAN ** net.steps), second = Math.sqrt(1 - SQUARE ** net.steps);
    for (let i = 0; i < flat.length; i++) {
      const g = gradient[i];
      mean[i] = MEAN * mean[i] + (1 - MEAN) * g;
      square[i] = SQUARE * square[i] + (1 - SQUARE) * g * g;
      flat[i] = flat[i] * (1 - rate * decay) - (first * mean[i]) / (Math.sqrt(square[i]) / second + TINY);
    }
    return loss;
  }

  /* The class that the network gives to a sum. */
  function decide(net, x, y) {
    forward(net, x, y);
    let best = 0;
    for (let c = 1; c < net.modulus; c++) if (net.logits[c] > net.logits[best]) best = c;
    return best;
  }

  /* Mean cross-entropy and share of right answers over some pairs; NaN if there are none. */
  function examine(net, chosen) {
    const { pairing, parameters, logits } = net;
    let loss = 0, right = 0;
    for (const p of chosen) {
      const a = 2 * pairing.first[p], b = 2 * pairing.second[p], label = pairing.label[p];
      const x = parameters.embedding[a] + parameters.embedding[b];
      const y = parameters.embedding[a + 1] + parameters.embedding[b + 1];
      right += decide(net, x, y) === label ? 1 : 0;
      const at = logits[label];
      loss += softmax(logits) - at;
    }
    return { loss: loss / chosen.length, accuracy: right / chosen.length };
  }

  Object.assign(core, { network, train, decide, examine, split });
})();

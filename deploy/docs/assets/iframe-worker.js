// Search on pages that are opened from a folder: browsers refuse a Worker for file:// addresses, so a hidden frame takes
// its place. It offers what the search of the theme uses: postMessage both ways, and importScripts.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(script) {
      super()
      const address = new URL(script, document.baseURI)
      const host = this
      const frame = document.createElement("iframe")
      frame.hidden = true
      this.waiting = []
      document.documentElement.append(frame)
      const inner = frame.contentWindow
      this.inner = inner
      inner.document.open()
      inner.document.write("<!doctype html><meta charset='utf-8'><body></body>")
      inner.document.close()
      inner.postMessage = data => {
        const event = new MessageEvent("message", { data })
        host.dispatchEvent(event)
        if (host.onmessage) host.onmessage(event)
      }
      const load = source => new Promise((done, failed) => {
        const script = inner.document.createElement("script")
        script.src = new URL(source, address)
        script.onload = done
        script.onerror = failed
        inner.document.body.append(script)
      })
      inner.importScripts = (...sources) =>
        sources.reduce((before, source) => before.then(() => load(source)), Promise.resolve())
      load(address).then(() => {
        const waiting = this.waiting
        this.waiting = null
        waiting.forEach(data => this.deliver(data))
      })
    }

    deliver(data) {
      this.inner.dispatchEvent(new this.inner.MessageEvent("message", { data }))
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data)
      else this.deliver(data)
    }

    terminate() {
      this.inner.frameElement.remove()
    }
  }
}

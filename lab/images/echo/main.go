// Command echo answers over HTTP and UDP with what it saw: its pod and node, and the address that the client had here. Traffic
// tests read from the answer who was reached, and whether the client's address was kept.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// answer is one line of JSON, over either protocol.
type answer struct {
	Pod      string `json:"pod"`
	Node     string `json:"node,omitempty"`
	Protocol string `json:"protocol"`
	Client   string `json:"client"`
	Server   string `json:"server"`
	Path     string `json:"path,omitempty"`
	Said     string `json:"said,omitempty"`
}

const (
	maxSaid     = 1024    // octets of a datagram that are sent back
	maxDownload = 1 << 34 // octets
)

func main() {
	httpAddress := flag.String("http", ":8080", "address of the HTTP server; empty: none")
	udpAddress := flag.String("udp", ":8080", "address of the UDP server; empty: none")
	flag.Parse()
	pod := os.Getenv("POD_NAME")
	if pod == "" {
		pod, _ = os.Hostname()
	}
	self := answer{Pod: pod, Node: os.Getenv("NODE_NAME")}
	failed := make(chan error)
	if *udpAddress != "" {
		go func() { failed <- serveUDP(*udpAddress, self) }()
	}
	if *httpAddress != "" {
		go func() { failed <- http.ListenAndServe(*httpAddress, handler(self)) }()
	}
	log.Fatal(<-failed)
}

func handler(self answer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		reply := self
		reply.Protocol = "TCP"
		reply.Client = r.RemoteAddr
		reply.Path = r.URL.Path
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			reply.Server = local.String()
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(reply)
	})
	mux.HandleFunc("/bytes", sendBytes)
	mux.HandleFunc("/slow", sendSlowly)
	return mux
}

// sendBytes answers /bytes?n=<octets> with so many zeros.
func sendBytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
	if err != nil || n < 0 || n > maxDownload {
		http.Error(w, "n is a number of octets", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	io.CopyN(w, zeros{}, n)
}

// sendSlowly answers /slow?seconds=<n> with a line each second: a connection that lives through whatever happens meanwhile.
func sendSlowly(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || n < 0 || n > 3600 {
		http.Error(w, "seconds is a number up to 3600", http.StatusBadRequest)
		return
	}
	for i := range n {
		io.WriteString(w, strconv.Itoa(i)+"\n")
		w.(http.Flusher).Flush()
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		}
	}
}

func serveUDP(address string, self answer) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	buffer := make([]byte, 65536)
	for {
		n, client, err := conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		reply := self
		reply.Protocol = "UDP"
		reply.Client = client.String()
		reply.Server = conn.LocalAddr().String()
		reply.Said = string(buffer[:min(n, maxSaid)])
		line, _ := json.Marshal(reply) // a struct of strings always has a JSON form
		if _, err := conn.WriteTo(append(line, '\n'), client); err != nil {
			log.Printf("cannot answer %s: %v", client, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

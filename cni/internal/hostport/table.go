package hostport

import (
	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

const tableName = "balise_hostport"

// layout is the table as it stands in the kernel: its maps, from port to pod, and its sets of pods that may call themselves.
type layout struct {
	table    *nftables.Table
	ports    map[shape]*nftables.Set
	hairpins map[bool]*nftables.Set // by: is it IPv6
}

func newLayout() layout {
	table := &nftables.Table{Family: nftables.TableFamilyINet, Name: tableName}
	l := layout{table, map[shape]*nftables.Set{}, map[bool]*nftables.Set{}}
	for _, s := range shapes {
		address := addressType(s.ipv6)
		key := []nftables.SetDatatype{nftables.TypeInetProto, nftables.TypeInetService}
		if s.withHostIP {
			key = append([]nftables.SetDatatype{address}, key...)
		}
		l.ports[s] = &nftables.Set{
			Table: table, Name: s.mapName(), IsMap: true, Concatenation: true,
			KeyType:  nftables.MustConcatSetType(key...),
			DataType: nftables.MustConcatSetType(address, nftables.TypeInetService),
		}
		l.hairpins[s.ipv6] = &nftables.Set{
			Table: table, Name: "hairpins_" + s.family(), Concatenation: true,
			KeyType: nftables.MustConcatSetType(address, address),
		}
	}
	return l
}

func addressType(ipv6 bool) nftables.SetDatatype {
	if ipv6 {
		return nftables.TypeIP6Addr
	}
	return nftables.TypeIPAddr
}

// write puts maps, chains and rules into a batch. Those that are there stay with their elements; rules are written anew, so that the table is
// right whatever somebody did to it.
func (l layout) write(conn *nftables.Conn) error {
	conn.AddTable(l.table)
	for _, s := range shapes {
		if err := conn.AddSet(l.ports[s], nil); err != nil {
			return err
		}
	}
	for _, ipv6 := range []bool{false, true} {
		if err := conn.AddSet(l.hairpins[ipv6], nil); err != nil {
			return err
		}
	}
	toPods := conn.AddChain(&nftables.Chain{Table: l.table, Name: "to_pods"})
	conn.FlushChain(toPods)
	for _, s := range shapes {
		l.add(conn, toPods, l.translate(s))
	}
	for _, base := range l.baseChains() {
		chain := conn.AddChain(base.chain)
		conn.FlushChain(chain)
		for _, rule := range base.rules {
			l.add(conn, chain, rule)
		}
	}
	return nil
}

func (l layout) add(conn *nftables.Conn, chain *nftables.Chain, exprs []expr.Any) {
	conn.AddRule(&nftables.Rule{Table: l.table, Chain: chain, Exprs: exprs})
}

type baseChain struct {
	chain *nftables.Chain
	rules [][]expr.Any
}

func (l layout) baseChains() []baseChain {
	chain := func(name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority) *nftables.Chain {
		return &nftables.Chain{Table: l.table, Name: name, Type: kind, Hooknum: hook, Priority: priority}
	}
	return []baseChain{
		{
			chain("guard", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw),
			[][]expr.Any{foreignLoopback(12), foreignLoopback(16)},
		},
		{
			chain("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest),
			[][]expr.Any{toOwnAddress("to_pods")},
		},
		{
			chain("output", nftables.ChainTypeNAT, nftables.ChainHookOutput, nftables.ChainPriorityNATDest),
			[][]expr.Any{toOwnAddress("to_pods")},
		},
		{
			chain("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource),
			[][]expr.Any{l.masqueradeHairpin(false), l.masqueradeHairpin(true), masqueradeLoopback()},
		},
	}
}

// Registers of nftables: the first of 16 octets, and the slots of 4 of which they consist (linux/netfilter/nf_tables.h).
const register = unix.NFT_REG_1

func slotRegister(octets int) uint32 { return unix.NFT_REG32_00 + uint32(octets/slot) }

// translate is `dnat FAMILY to [daddr .] meta l4proto . th dport map @ports…`.
func (l layout) translate(s shape) []expr.Any {
	exprs := ofFamily(s.ipv6)
	at := 0
	if s.withHostIP {
		exprs = append(exprs, loadAddress(s.ipv6, true, 0))
		at = s.addressLength()
	} else if s.ipv6 {
		exprs = append(exprs, notIPv6Loopback()...)
	}
	return append(exprs,
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: slotRegister(at)},
		&expr.Payload{DestRegister: slotRegister(at + slot), Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Lookup{
			SourceRegister: slotRegister(0), DestRegister: slotRegister(0), IsDestRegSet: true,
			SetName: l.ports[s].Name, SetID: l.ports[s].ID,
		},
		&expr.NAT{
			Type: expr.NATTypeDestNAT, Family: s.protocolFamily(), Specified: true,
			RegAddrMin: slotRegister(0), RegProtoMin: slotRegister(s.addressLength()),
		},
	)
}

// toOwnAddress is `fib daddr type local jump CHAIN`.
func toOwnAddress(chain string) []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: register, ResultADDRTYPE: true, FlagDADDR: true},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: binaryutil.NativeEndian.PutUint32(unix.RTN_LOCAL)},
		&expr.Verdict{Kind: expr.VerdictJump, Chain: chain},
	}
}

// masqueradeHairpin is `ct status dnat saddr . daddr @hairpins… masquerade`: a pod that called itself would not take its own address for
// the caller's.
func (l layout) masqueradeHairpin(ipv6 bool) []expr.Any {
	length := shape{ipv6: ipv6}.addressLength()
	exprs := append(translated(), ofFamily(ipv6)...)
	return append(exprs,
		loadAddress(ipv6, false, 0),
		loadAddress(ipv6, true, length),
		&expr.Lookup{SourceRegister: slotRegister(0), SetName: l.hairpins[ipv6].Name, SetID: l.hairpins[ipv6].ID},
		&expr.Masq{},
	)
}

// masqueradeLoopback is `ct status dnat ip saddr 127.0.0.0/8 masquerade`: a pod could not answer to 127.0.0.1.
func masqueradeLoopback() []expr.Any {
	exprs := append(translated(), ofFamily(false)...)
	exprs = append(exprs, loopbackAddress(12)...)
	return append(exprs, &expr.Masq{})
}

// foreignLoopback is `iifname != "lo" ip saddr 127.0.0.0/8 drop`, or daddr: route_localnet takes away the kernel's own guard against such
// packets (CVE-2020-8558).
func foreignLoopback(offset uint32) []expr.Any {
	exprs := append(ofFamily(false),
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: register},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: []byte("lo\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
	)
	exprs = append(exprs, loopbackAddress(offset)...)
	return append(exprs, &expr.Verdict{Kind: expr.VerdictDrop})
}

// loopbackAddress compares the first octet of an address at this offset of the IPv4 header (RFC 791) with 127.
func loopbackAddress(offset uint32) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{127}},
	}
}

// notIPv6Loopback is `ip6 daddr != ::1`: the kernel sends nothing with that source to a pod, so that the port is left to the node's own programs.
func notIPv6Loopback() []expr.Any {
	return []expr.Any{
		loadAddress(true, true, 0),
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: append(make([]byte, 15), 1)},
	}
}

// translated is `ct status & dnat != 0` (linux/netfilter/nf_conntrack_common.h, IPS_DST_NAT).
func translated() []expr.Any {
	const destinationChanged = 1 << 5
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATUS, Register: register},
		&expr.Bitwise{
			SourceRegister: register, DestRegister: register, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(destinationChanged), Xor: make([]byte, 4),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: make([]byte, 4)},
	}
}

func ofFamily(ipv6 bool) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{byte(shape{ipv6: ipv6}.protocolFamily())}},
	}
}

// loadAddress puts an address of the header (RFC 791, RFC 8200) into the register `at` octets after the first.
func loadAddress(ipv6, destination bool, at int) expr.Any {
	offset, length := uint32(12), uint32(4)
	if ipv6 {
		offset, length = 8, 16
	}
	if destination {
		offset += length
	}
	return &expr.Payload{DestRegister: slotRegister(at), Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: length}
}

// Package hostport leads ports of the node to pods, by destination NAT in an nftables table that is the plugin's alone: `inet balise_hostport`.
// The table is there as long as a pod has a host port.
package hostport

import (
	"fmt"
	"slices"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/google/nftables"

	"balise.io/cni/internal/failure"
)

// Take adds the ports. Those of others that overlap are an error, unless `gone` says that their pod went away without a word; whatever the
// holder had before is replaced. The caller holds the lock of host ports, and calls ForgetFlows without it.
func Take(wanted []Port, holder Holder, gone func(Holder) bool) *types.Error {
	conn, there, err := open()
	if err != nil {
		return refused("list the host ports", err)
	}
	stale := func(port Port) bool { return port.Holder.Device == holder.Device }
	for {
		left := slices.DeleteFunc(slices.Clone(there), stale)
		want, taken, found := Conflict(wanted, left)
		if !found {
			break
		}
		if taken.Holder.Device == holder.Device || !gone(taken.Holder) {
			return taken.refuse(want)
		}
		before := stale
		stale = func(port Port) bool { return port.Holder.Device == taken.Holder.Device || before(port) }
	}
	l := newLayout()
	err = l.write(conn)
	if err == nil {
		err = l.remove(conn, there, stale)
	}
	for _, port := range wanted {
		if err == nil {
			err = l.put(conn, port)
		}
	}
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		return refused(fmt.Sprintf("lead %s to the pod", wanted[0]), err)
	}
	return nil
}

func refused(what string, err error) *types.Error {
	return failure.New(failure.KernelRefused, fmt.Sprintf("The kernel refused to %s in the table inet %s: %v", what, tableName, err),
		"Host ports need nf_tables with NAT, masquerade and fib for inet in the node's kernel")
}

func (p Port) refuse(want Port) *types.Error {
	if p.Holder.Device == want.Holder.Device {
		return failure.New(types.ErrInvalidNetworkConfig,
			fmt.Sprintf("The pod asks for host port %s twice, for ports %d and %d of its own", want, p.PodPort, want.PodPort), "")
	}
	return failure.New(failure.HostPortTaken,
		fmt.Sprintf("Host port %s is taken: pod %s has %s, at %s", want, p.Holder.Pod, p, p.Holder.Device),
		"Give one of the two pods another hostPort, or let the scheduler place them on different nodes")
}

// Release takes away the ports of the holders that `whose` names, and the table with the last of them, and returns them. It succeeds when
// there are none. The caller holds the lock of host ports, and calls ForgetFlows without it.
func Release(whose func(Holder) bool) ([]Port, *types.Error) {
	conn, there, err := open()
	if err != nil {
		return nil, refused("list the host ports", err)
	}
	if there == nil {
		return nil, nil
	}
	leaves := func(port Port) bool { return whose(port.Holder) }
	left := slices.DeleteFunc(slices.Clone(there), leaves)
	l := newLayout()
	switch {
	case len(left) == 0:
		conn.DelTable(l.table)
	case len(left) == len(there):
		return nil, nil
	default:
		err = l.remove(conn, there, leaves)
	}
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		return nil, refused("take host ports away", err)
	}
	return slices.DeleteFunc(there, func(port Port) bool { return !leaves(port) }), nil
}

// Missing tells which of the ports are not there.
func Missing(wanted []Port) ([]string, *types.Error) {
	_, there, err := open()
	if err != nil {
		return nil, refused("list the host ports", err)
	}
	var missing []string
	for _, port := range wanted {
		if !slices.Contains(there, port) {
			missing = append(missing, fmt.Sprintf("host port %s does not lead to %s port %d", port, port.PodIP, port.PodPort))
		}
	}
	return missing, nil
}

// open lists the ports that are there: nil without the table.
func open() (*nftables.Conn, []Port, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, nil, err
	}
	tables, err := conn.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(tables, func(table *nftables.Table) bool { return table.Name == tableName }) {
		return conn, nil, nil
	}
	sets, err := conn.GetSets(&nftables.Table{Family: nftables.TableFamilyINet, Name: tableName})
	if err != nil {
		return nil, nil, err
	}
	ports := []Port{}
	for _, s := range shapes {
		for _, set := range sets {
			if set.Name != s.mapName() {
				continue
			}
			elements, err := conn.GetSetElements(set)
			if err != nil {
				return nil, nil, err
			}
			for _, element := range elements {
				if port, ok := decodePort(s, element.Key, element.Val, element.Comment); ok {
					ports = append(ports, port)
				}
			}
		}
	}
	return conn, ports, nil
}

func (l layout) put(conn *nftables.Conn, port Port) error {
	element := nftables.SetElement{Key: port.key(), Val: port.value(), Comment: port.Holder.comment()}
	if err := conn.SetAddElements(l.ports[shapeOf(port)], []nftables.SetElement{element}); err != nil {
		return err
	}
	return conn.SetAddElements(l.hairpins[port.PodIP.Is6()], []nftables.SetElement{{Key: port.hairpinKey()}})
}

// remove takes the ports that leave out of the maps, and the pods that have none left out of the sets.
func (l layout) remove(conn *nftables.Conn, there []Port, leaves func(Port) bool) error {
	staying := map[string]bool{}
	for _, port := range there {
		if !leaves(port) {
			staying[string(port.hairpinKey())] = true
		}
	}
	for _, port := range there {
		if !leaves(port) {
			continue
		}
		if err := conn.SetDeleteElements(l.ports[shapeOf(port)], []nftables.SetElement{{Key: port.key()}}); err != nil {
			return err
		}
		hairpin := port.hairpinKey()
		if staying[string(hairpin)] {
			continue
		}
		staying[string(hairpin)] = true // taken out once
		if err := conn.SetDeleteElements(l.hairpins[port.PodIP.Is6()], []nftables.SetElement{{Key: hairpin}}); err != nil {
			return err
		}
	}
	return nil
}

// List is all ports that there are; nil where the table is not there.
func List() ([]Port, *types.Error) {
	_, there, err := open()
	if err != nil {
		return nil, refused("list the host ports", err)
	}
	return there, nil
}

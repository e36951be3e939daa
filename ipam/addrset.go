package ipam

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// addrSet is a set of addresses that finds the next absent one in time that grows with the logarithm of its size, however
// long the runs of present ones are. It needs memory for the addresses that are in it, not for those that could be: a
// pool may be the whole of an IPv6 subnet. The zero value is empty.
//
// No library is used: those at hand hold a bit for every possible member, or no more than 64 bits of key, or rebuild a
// sorted list at each change.
type addrSet struct {
	// levels[0] has a bit for each address, in words of 64. A bit of a higher level says that a word of the level below
	// is full. Words without a bit are not kept.
	levels []map[position]uint64
}

// position numbers a bit of a level, or a word: it is an unsigned number of 128 bits.
type position struct{ high, low uint64 }

func positionOf(addr netip.Addr) position {
	b := addr.As16()
	return position{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (p position) addr() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], p.high)
	binary.BigEndian.PutUint64(b[8:], p.low)
	return netip.AddrFrom16(b).Unmap()
}

// word is the word that holds the bit, and bit is its place in it.
func (p position) word() position { return position{p.high >> 6, p.high<<58 | p.low>>6} }

func (p position) bit() uint { return uint(p.low & 63) }

// inside is the position of a bit of word p, and whether there is such a position.
func (p position) inside(bit int) (position, bool) {
	return position{p.high<<6 | p.low>>58, p.low<<6 | uint64(bit)}, p.high>>58 == 0 //nolint:gosec // A bit is 0 to 63.
}

func (p position) next() position {
	low, carry := bits.Add64(p.low, 1, 0)
	return position{p.high + carry, low}
}

func (s *addrSet) add(addr netip.Addr) {
	at := positionOf(addr)
	for level := 0; ; level++ {
		if level == len(s.levels) {
			s.levels = append(s.levels, make(map[position]uint64))
		}
		word := s.levels[level][at.word()] | 1<<at.bit()
		s.levels[level][at.word()] = word
		if word != ^uint64(0) {
			return
		}
		at = at.word()
	}
}

func (s *addrSet) remove(addr netip.Addr) {
	at := positionOf(addr)
	for _, words := range s.levels {
		before := words[at.word()]
		after := before &^ (1 << at.bit())
		if after == 0 {
			delete(words, at.word())
		} else {
			words[at.word()] = after
		}
		if before != ^uint64(0) {
			return
		}
		at = at.word()
	}
}

// firstAbsent is the lowest address, not below from, that is not in the set, and whether there is one; behind the last IPv4
// address it is one of IPv6. It goes up while whole words are full, and down again into the first one that is not.
func (s *addrSet) firstAbsent(from netip.Addr) (netip.Addr, bool) {
	at, level := positionOf(from), 0
	var found bool
	for ; level < len(s.levels); level++ {
		absent := ^s.levels[level][at.word()] >> at.bit() << at.bit()
		if absent != 0 {
			if at, found = at.word().inside(bits.TrailingZeros64(absent)); !found {
				return netip.Addr{}, false
			}
			break
		}
		at = at.word().next()
	}
	for level--; level >= 0; level-- {
		if at, found = at.inside(bits.TrailingZeros64(^s.levels[level][at])); !found {
			return netip.Addr{}, false
		}
	}
	return at.addr(), true
}

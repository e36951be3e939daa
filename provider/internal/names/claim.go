package names

import (
	"fmt"
	"strings"
)

const (
	// claimOwnerSuffix ends the ids of IPAddressClaims. A VM's name holds no dot, so no id of a VM ends like this.
	claimOwnerSuffix = ".claim" + addressOwnerSuffix
	// uidLength is how much of a claim's UID goes into its id.
	uidLength = 8
)

// AddressClaim names the IPAddressClaim of a machine for one pool of one of its network cards.
func AddressClaim(machine string, card, pool int) string {
	return fmt.Sprintf("%s-%s-%d", machine, NIC(card), pool)
}

// MachineOfAddressClaim says for which machine a name of AddressClaim stands; empty if it is none.
func MachineOfAddressClaim(claim string) string {
	at := strings.LastIndex(claim, "-"+nicPrefix)
	if at < 0 {
		return ""
	}
	var card, pool int
	if n, err := fmt.Sscanf(claim[at+1:], nicPrefix+"%d-%d", &card, &pool); n != 2 || err != nil || AddressClaim(claim[:at], card, pool) != claim {
		return ""
	}
	return claim[:at]
}

// ClaimAddressOwner is the id under which a pool on Harvester holds the address of an IPAddressClaim. The UID tells apart
// claims of one name in several management clusters.
func ClaimAddressOwner(namespace, claim, uid string) string {
	return namespace + "/" + claim + "." + uid[:min(len(uid), uidLength)] + claimOwnerSuffix
}

// IsClaimAddressOwner tells whether an id is one that a claim of this namespace and name may have. Its UID may be a former
// one: a claim that is moved or restored keeps its id.
func IsClaimAddressOwner(id, namespace, claim string) bool {
	uid, prefixed := strings.CutPrefix(id, namespace+"/"+claim+".")
	uid, suffixed := strings.CutSuffix(uid, claimOwnerSuffix)
	return prefixed && suffixed && uid != "" && len(uid) <= uidLength && !strings.ContainsAny(uid, "./")
}

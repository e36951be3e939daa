package harvestertypes

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	upstreamlb "github.com/harvester/harvester-load-balancer/pkg/apis/loadbalancer.harvesterhci.io/v1beta1"
	upstreamhci "github.com/harvester/harvester/pkg/apis/harvesterhci.io/v1beta1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Names that stand as constants in Harvester's types.
func TestNamesInTypes(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{lbv1.IPPoolReady, string(upstreamlb.IPPoolReady)},
		{lbv1.LoadBalancerReady, string(upstreamlb.LoadBalancerReady)},
		{string(lbv1.VM), string(upstreamlb.VM)},
		{string(lbv1.Cluster), string(upstreamlb.Cluster)},
		{string(lbv1.Pool), string(upstreamlb.Pool)},
		{string(lbv1.DHCP), string(upstreamlb.DHCP)},
		{hciv1.ImageInitialized, string(upstreamhci.ImageInitialized)},
		{hciv1.ImageImported, string(upstreamhci.ImageImported)},
		{hciv1.ImageRetryLimitExceeded, string(upstreamhci.ImageRetryLimitExceeded)},
		{hciv1.ImageBackingImageMissing, string(upstreamhci.BackingImageMissing)},
		{hciv1.ImageMetadataReady, string(upstreamhci.MetadataReady)},
		{hciv1.KeyPairValidated, string(upstreamhci.KeyPairValidated)},
		{hciv1.SettingConfigured, string(upstreamhci.SettingConfigured)},
		{string(hciv1.BackendBackingImage), string(upstreamhci.VMIBackendBackingImage)},
		{string(hciv1.BackendCDI), string(upstreamhci.VMIBackendCDI)},
		{string(hciv1.SourceDownload), string(upstreamhci.VirtualMachineImageSourceTypeDownload)},
		{string(hciv1.SourceUpload), string(upstreamhci.VirtualMachineImageSourceTypeUpload)},
		{string(hciv1.SourceExportVolume), string(upstreamhci.VirtualMachineImageSourceTypeExportVolume)},
		{string(hciv1.SourceRestore), string(upstreamhci.VirtualMachineImageSourceTypeRestore)},
		{string(hciv1.SourceClone), string(upstreamhci.VirtualMachineImageSourceTypeClone)},
		{string(hciv1.CryptoEncrypt), string(upstreamhci.VirtualMachineImageCryptoOperationTypeEncrypt)},
		{string(hciv1.CryptoDecrypt), string(upstreamhci.VirtualMachineImageCryptoOperationTypeDecrypt)},
	} {
		assert.Equal(t, pair[1], pair[0])
	}
}

// Names that stand as constants in packages too heavy to build here. They are read from the source.
func TestNamesInSource(t *testing.T) {
	t.Parallel()
	util := constantsOf(t, "pkg/util/constants.go")
	builder := constantsOf(t, "pkg/builder/vm.go")
	settings := constantsOf(t, "pkg/settings/settings.go")
	for _, tc := range []struct {
		ours, name string
		theirs     map[string]string
	}{
		{harvesterclient.LabelVMName, "LabelVMName", util},
		{harvesterclient.LabelCreator, "LabelVMCreator", util},
		{harvesterclient.AnnotationVolumeClaimTemplates, "AnnotationVolumeClaimTemplates", util},
		{harvesterclient.AnnotationImageID, "AnnotationImageID", util},
		{harvesterclient.AnnotationRemovedClaims, "RemovedPVCsAnnotationKey", util},
		{harvesterclient.AnnotationMACAddresses, "AnnotationMacAddressName", util},
		{harvesterclient.AnnotationQuota, "AnnotationInsufficientResourceQuota", util},
		{hciv1.ImageDisplayNameLabel, "LabelImageDisplayName", util},
		{harvesterclient.LabelVMName, "LabelKeyVirtualMachineName", builder},
		{harvesterclient.LabelCreator, "LabelKeyVirtualMachineCreator", builder},
		{harvesterclient.AnnotationSSHNames, "AnnotationKeyVirtualMachineSSHNames", builder},
		{harvesterclient.AnnotationImageID, "AnnotationKeyImageID", builder},
		{hciv1.SettingServerVersion, "ServerVersionSettingName", settings},
		{hciv1.SettingDefaultStorageClass, "DefaultStorageClassSettingName", settings},
	} {
		theirs, found := tc.theirs[tc.name]
		if assert.True(t, found, "Harvester has no constant %s any more", tc.name) {
			assert.Equal(t, theirs, tc.ours, tc.name)
		}
	}
}

// constantsOf evaluates the string constants of one of Harvester's files: literals, names and sums of them.
func constantsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, readUpstream(t, harvesterModule, file), parser.SkipObjectResolution)
	require.NoError(t, err)
	constants := map[string]string{}
	for _, declaration := range parsed.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.CONST {
			continue
		}
		for _, spec := range general.Specs {
			if values, ok := spec.(*ast.ValueSpec); ok && len(values.Values) == len(values.Names) {
				for i, name := range values.Names {
					if value, known := evaluate(values.Values[i], constants); known {
						constants[name.Name] = value
					}
				}
			}
		}
	}

	return constants
}

func evaluate(expression ast.Expr, constants map[string]string) (string, bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		value, err := strconv.Unquote(e.Value)
		return value, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		value, known := constants[e.Name]
		return value, known
	case *ast.BinaryExpr:
		left, knownLeft := evaluate(e.X, constants)
		right, knownRight := evaluate(e.Y, constants)
		return left + right, knownLeft && knownRight && e.Op == token.ADD
	default:
		return "", false
	}
}

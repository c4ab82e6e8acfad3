// A network of the app's own, with a subnet that it goes out through and one for the private endpoints of its accounts.
param name string
param location string
param tags { *: string }

@description('The host\'s storage account, and the one with the package.')
param storageAccountName string
param packageAccountName string

@description('Cosmos DB account; empty: it is not one that was made here.')
param cosmosAccountName string

@description('Azure OpenAI account; empty: it is not one that was made here.')
param openAiAccountName string

var storageType = 'Microsoft.Storage/storageAccounts'
// Each part of an account that gets an endpoint, with the zones that its names are resolved in beside the public ones.
var endpoints = concat(
  map(['blob', 'queue', 'table'], part => {
    account: storageAccountName
    id: resourceId(storageType, storageAccountName)
    part: part
    zones: [part]
  }),
  [{ account: packageAccountName, id: resourceId(storageType, packageAccountName), part: 'blob', zones: ['blob'] }],
  empty(cosmosAccountName) ? [] : [
    {
      account: cosmosAccountName
      id: resourceId('Microsoft.DocumentDB/databaseAccounts', cosmosAccountName)
      part: 'Sql'
      zones: ['documents.azure.com']
    }
  ],
  empty(openAiAccountName) ? [] : [
    {
      account: openAiAccountName
      id: resourceId('Microsoft.CognitiveServices/accounts', openAiAccountName)
      part: 'account'
      zones: ['cognitiveservices.azure.com', 'openai.azure.com', 'services.ai.azure.com']
    }
  ]
)
var zones = union(flatten(map(endpoints, endpoint => endpoint.zones)), [])
var zoneNames = toObject(zones, zone => zone, zone => contains(zone, '.') ? 'privatelink.${zone}' : 'privatelink.${zone}.${environment().suffixes.storage}')

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        '10.0.0.0/16'
      ]
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '10.0.0.0/24'
          // What Flex Consumption asks for.
          delegations: [
            {
              name: 'app'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.0.1.0/24'
        }
      }
    ]
  }
}

resource dnsZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zones: {
    name: zoneNames[zone]
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in zones: {
    parent: dnsZones[i]
    name: name
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for endpoint in endpoints: {
    name: 'pe-${endpoint.account}-${toLower(endpoint.part)}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: '${network.id}/subnets/endpoints'
      }
      privateLinkServiceConnections: [
        {
          name: endpoint.part
          properties: {
            privateLinkServiceId: endpoint.id
            groupIds: [
              endpoint.part
            ]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (endpoint, i) in endpoints: {
    parent: privateEndpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for zone in endpoint.zones: {
          name: replace(zone, '.', '-')
          properties: {
            privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zoneNames[zone])
          }
        }
      ]
    }
    dependsOn: [
      links
    ]
  }
]

output appSubnetId string = '${network.id}/subnets/app'

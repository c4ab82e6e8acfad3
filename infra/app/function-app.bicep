// The function app on Flex Consumption, running as its identity.
param name string
param planName string
param location string
param tags { *: string }

@allowed(['24', '22'])
param nodeVersion string

@allowed([2048, 4096])
param instanceMemoryMB int
param maximumInstanceCount int

@description('Instances always there for orchestrations; with 0 a quiet app wakes up when its queues are looked at.')
param alwaysReadyDurableInstances int

@description('The identities of app, host and package; any code of the app can ask for a token of each.')
param identityIds string[]

@description('The one of them that the platform deploys and starts the app with.')
param packageIdentityId string

@description('Subnet through which everything goes out; empty: none.')
param subnetId string
param packageContainerUri string

@description('App settings; a change of one restarts the app.')
param settings { *: string }

@description('Client id of the app registration whose tokens are let in; empty: function keys.')
param entraClientId string

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  // azd finds by this tag where to deploy the service of azure.yaml.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: toObject(identityIds, id => id, id => {})
  }
  properties: union(empty(subnetId) ? {} : { virtualNetworkSubnetId: subnetId }, {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: packageIdentityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyDurableInstances == 0 ? [] : [
          {
            name: 'durable'
            instanceCount: alwaysReadyDurableInstances
          }
        ]
      }
    }
  })

  // Deployment is by identity: the user names and passwords for publishing are off.
  resource publishingByFtp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource publishingByScm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: settings
  }

  // Persons instead of keys. The managed identity stands in for a client secret (a federated credential on the app
  // registration trusts it), so none is kept anywhere.
  resource authentication 'config' = if (!empty(entraClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: {
        enabled: true
        runtimeVersion: '~1'
      }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
      }
      httpSettings: {
        requireHttps: true
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: entraClientId
            clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: [
              entraClientId
              'api://${entraClientId}'
            ]
          }
        }
      }
      login: {
        tokenStore: {
          enabled: false
        }
      }
    }
    dependsOn: [
      appSettings
    ]
  }
}

output name string = app.name
output uri string = 'https://${app.properties.defaultHostName}'

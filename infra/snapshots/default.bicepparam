// What `azd up` makes when nothing but a model is named.
using '../main.bicep'

param environmentName = 'lightning'
param location = 'swedencentral'
param principalId = '11111111-1111-1111-1111-111111111111'
param baseModelName = 'gpt-4.1'
param baseModelVersion = '2025-04-14'
